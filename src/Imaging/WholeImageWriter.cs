namespace Gsasr.Imaging;

/// <summary>Gathers the rows of an image for an encoder that needs them all.</summary>
internal sealed class WholeImageWriter(Stream stream, ImageFormat format, ImageHeader header, ImageMetadata metadata, ImageWriteOptions options)
    : ImageWriter(header, options.Cancellation)
{
    private readonly Image _image = Image.Create(header.Width, header.Height, header.Layout, header.BitDepth);
    private int _rows;

    private protected override void WriteRow(ReadOnlySpan<byte> row) => row.CopyTo(_image.RowBytes(_rows++));

    private protected override void End()
    {
        _image.Metadata = metadata;
        ImageEncoding.Encode(stream, _image, format, options);
    }
}
