namespace Gsasr;

/// <summary>What an image takes of a device's memory, beside the weights.</summary>
/// <param name="WorkingBytes">Bytes for what the networks compute on the way, and for drawing; kept for the next image.</param>
/// <param name="FieldBytes">Bytes of the Gaussians that are there at once.</param>
/// <param name="PixelBytes">Bytes of the pixels that are drawn at once.</param>
/// <param name="OperationBytes">Bytes that operations may keep on the device for themselves, once for all upscalers there.</param>
/// <param name="Tiles">Parts of the image that go through the networks one after the other. With more than one, values differ a little.</param>
/// <param name="Strips">Parts of the image whose Gaussians are there one after the other.</param>
public readonly record struct MemoryEstimate(
    long WorkingBytes, long FieldBytes, long PixelBytes, long OperationBytes, int Tiles, int Strips)
{
    /// <summary>All bytes together.</summary>
    public long TotalBytes => WorkingBytes + FieldBytes + PixelBytes + OperationBytes;
}
