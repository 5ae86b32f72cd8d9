namespace Gsasr.Imaging.Tests;

public class ImageWriterTests
{
    [Theory]
    [MemberData(nameof(FormatTests.Written), MemberType = typeof(FormatTests))]
    public void Rows_in_any_portions_make_the_same_file(ImageFormat format, ChannelLayout layout, int depth)
    {
        Image image = TestImages.Generate(37, 29, layout, depth, 1);
        image.Metadata = new ImageMetadata { Density = new PixelDensity(2835, 2835, true), Exif = Metadata.Exif(1, littleEndian: true), Xmp = Metadata.Xmp };
        byte[] expected = TestImages.Encode(image, format);
        foreach (int portion in new[] { 1, 4, 29 })
        {
            var stream = new MemoryStream();
            ImageWriter writer = ImageWriter.Create(stream, format, HeaderOf(image), image.Metadata);
            for (int y = 0; y < image.Height; y += portion)
                WriteRows(writer, image, y, Math.Min(portion, image.Height - y));
            writer.Complete();
            Assert.Equal(expected, stream.ToArray());
        }
    }

    // Several bands of a mebibyte, the last of one row.
    [Theory]
    [InlineData(ChannelLayout.Rgb, 8, 1001, 699)]
    [InlineData(ChannelLayout.Rgba, 16, 1000, 263)]
    [InlineData(ChannelLayout.Grey, 16, 300_000, 5)]
    [InlineData(ChannelLayout.Grey, 8, 1, 600_000)]
    public void Pictures_of_many_bands_are_read_by_libpng_and_by_us(ChannelLayout layout, int depth, int width, int height)
    {
        Image image = TestImages.Generate(width, height, layout, depth, 1);
        byte[] file = TestImages.Encode(image, ImageFormat.Png);
        TestImages.AssertSame(image, ImageFile.Decode(file));
        if (Math.Max(width, height) < 2000)
            TestImages.AssertSame(TestImages.ToRgba16(image), Tool.DecodeWithImageMagick(file));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Pnm)]
    public void Memory_does_not_grow_with_the_picture(ImageFormat format)
    {
        const int Width = 4000;
        byte[] rows = new byte[3 * Width * 100];
        new Random(1).NextBytes(rows);
        foreach (int height in new[] { 2000, 6000 })
        {
            var header = new ImageHeader(Width, height, ChannelLayout.Rgb, 8);
            long before = GC.GetAllocatedBytesForCurrentThread();
            ImageWriter writer = ImageWriter.Create(Stream.Null, format, header);
            for (int y = 0; y < height; y += 100)
                writer.WriteRows(rows);
            writer.Complete();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            // Of what each band needs a part is allocated by the threads that compress.
            Assert.InRange(allocated, 0, ImageWriter.EstimateBytes(format, header) + (1 << 18));
        }
    }

    [Fact]
    public void What_a_writer_takes_is_known_beforehand()
    {
        var small = new ImageHeader(16000, 1200, ChannelLayout.Rgb, 8);
        ImageHeader large = small with { Height = 12000 };
        foreach (ImageFormat format in Enum.GetValues<ImageFormat>().Where(format => format != ImageFormat.Gif))
        {
            if (ImageWriter.IsStreaming(format))
                Assert.Equal(ImageWriter.EstimateBytes(format, small), ImageWriter.EstimateBytes(format, large));
            else
                Assert.True(ImageWriter.EstimateBytes(format, large) > 16000L * 12000 * 3);
        }

        Assert.True(ImageWriter.EstimateBytes(ImageFormat.Pnm, large) < 1 << 20);
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Bmp)]
    [InlineData(ImageFormat.Pnm)]
    public void Wrong_rows_are_refused(ImageFormat format)
    {
        Image image = TestImages.Generate(5, 3, ChannelLayout.Rgb, 8, 1);
        ImageWriter writer = ImageWriter.Create(Stream.Null, format, HeaderOf(image));
        Assert.Throws<InvalidOperationException>(() => writer.WriteRows(new ushort[15]));
        Assert.Throws<ArgumentException>(() => writer.WriteRows(new byte[14]));
        Assert.Throws<ArgumentException>(() => writer.WriteRows(new byte[60]));
        writer.WriteRows(new byte[30]);
        Assert.Throws<InvalidOperationException>(writer.Complete);
        Assert.Throws<ArgumentException>(() => writer.WriteRows(new byte[30]));
        writer.WriteRows(new byte[15]);
        writer.Complete();
        Assert.Throws<InvalidOperationException>(writer.Complete);
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageWriter.Create(Stream.Null, format, HeaderOf(image) with { Height = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageWriter.Create(Stream.Null, format, HeaderOf(image) with { BitDepth = 12 }));
    }

    [Fact]
    public void What_a_format_cannot_hold_is_refused_at_the_start()
    {
        var header = new ImageHeader(5, 3, ChannelLayout.Rgba, 16);
        Assert.Throws<ImageFormatException>(() => ImageWriter.Create(Stream.Null, ImageFormat.Tiff, header));
        Assert.Throws<ImageFormatException>(() => ImageWriter.Create(Stream.Null, ImageFormat.Gif, header));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Pnm)]
    public void Writing_stops_when_asked(ImageFormat format)
    {
        using var cancellation = new CancellationTokenSource();
        var options = new ImageWriteOptions { Cancellation = cancellation.Token };
        ImageWriter writer = ImageWriter.Create(Stream.Null, format, new ImageHeader(900, 900, ChannelLayout.Rgb, 8), null, options);
        writer.WriteRows(new byte[900 * 3 * 800]);
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => writer.WriteRows(new byte[900 * 3]));
    }

    private static ImageHeader HeaderOf(Image image) => new(image.Width, image.Height, image.Layout, image.BitDepth);

    private static void WriteRows(ImageWriter writer, Image image, int row, int count)
    {
        int rowSamples = image.Width * image.ChannelCount;
        if (image.BitDepth == 8)
            writer.WriteRows(image.Samples8.AsSpan(row * rowSamples, count * rowSamples));
        else
            writer.WriteRows(image.Samples16.AsSpan(row * rowSamples, count * rowSamples));
    }
}
