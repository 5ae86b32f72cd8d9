namespace Gsasr.Imaging;

/// <summary>An image file format.</summary>
public enum ImageFormat
{
    /// <summary>Portable Network Graphics: lossless, 8 or 16 bits, alpha.</summary>
    Png,

    /// <summary>JPEG: lossy, 8 bits, no alpha.</summary>
    Jpeg,

    /// <summary>WebP: lossy or lossless, 8 bits, alpha.</summary>
    WebP,

    /// <summary>TIFF: lossless; 8 bits without alpha where it is written.</summary>
    Tiff,

    /// <summary>Windows bitmap: uncompressed, 8 bits, alpha.</summary>
    Bmp,

    /// <summary>GIF: 256 colours, read only.</summary>
    Gif,

    /// <summary>Truevision TGA: 8 bits, alpha.</summary>
    Tga,

    /// <summary>PBM, PGM or PPM (by the channels): uncompressed, 8 or 16 bits, no alpha, no metadata.</summary>
    Pnm,
}
