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

    /// <summary>TIFF: lossless; written with 8 bits and without alpha.</summary>
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

/// <summary>What formats can hold when they are written.</summary>
public static class ImageFormats
{
    /// <summary>Whether a picture can have alpha.</summary>
    /// <param name="format">The format.</param>
    public static bool HoldsAlpha(this ImageFormat format) => format is ImageFormat.Png or ImageFormat.WebP or ImageFormat.Bmp or ImageFormat.Tga;

    /// <summary>Whether a picture can have 16 bits a sample.</summary>
    /// <param name="format">The format.</param>
    public static bool HoldsSixteenBits(this ImageFormat format) => format is ImageFormat.Png or ImageFormat.Pnm;
}
