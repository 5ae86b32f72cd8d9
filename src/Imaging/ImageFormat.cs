namespace Gsasr.Imaging;

/// <summary>An image file format.</summary>
public enum ImageFormat
{
    /// <summary>Portable Network Graphics: lossless, 8 or 16 bits, alpha.</summary>
    Png,

    /// <summary>JPEG: lossy, 8 bits, no alpha.</summary>
    Jpeg,

    /// <summary>Binary PGM or PPM (by the channels): uncompressed, 8 or 16 bits, no alpha, no metadata.</summary>
    Pnm,
}
