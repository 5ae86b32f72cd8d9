using System.IO.Compression;

namespace Gsasr.Imaging.Tests;

public class ImageFileTests
{
    [Theory]
    [InlineData("a.png", ImageFormat.Png)]
    [InlineData("folder/b.PNG", ImageFormat.Png)]
    [InlineData("c.jpg", ImageFormat.Jpeg)]
    [InlineData("d.x.JPEG", ImageFormat.Jpeg)]
    [InlineData("h.webp", ImageFormat.WebP)]
    [InlineData("i.TIF", ImageFormat.Tiff)]
    [InlineData("j.tiff", ImageFormat.Tiff)]
    [InlineData("k.bmp", ImageFormat.Bmp)]
    [InlineData("l.tga", ImageFormat.Tga)]
    [InlineData("e.ppm", ImageFormat.Pnm)]
    [InlineData("f.pgm", ImageFormat.Pnm)]
    [InlineData("g.pnm", ImageFormat.Pnm)]
    public void Extensions_give_the_format(string path, ImageFormat format) =>
        Assert.Equal(format, ImageFile.FormatFromExtension(path));

    [Theory]
    [InlineData("a.gif", "'.gif'")]
    [InlineData("a", "no extension")]
    [InlineData("a.png.", "no extension")]
    public void Unknown_extensions_are_refused(string path, string words)
    {
        var exception = Assert.Throws<ImageFormatException>(() => ImageFile.FormatFromExtension(path));
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("....ftypavif....", "an AVIF")]
    [InlineData("II+\0............", "a BigTIFF")]
    [InlineData("P7\nWIDTH 2\n", "a P7 portable any-map")]
    [InlineData("<svg>...........", "not an image of a known format")]
    [InlineData("x", "not an image of a known format")]
    [InlineData("", "empty")]
    public void Other_files_are_refused_by_name(string content, string words)
    {
        byte[] file = [.. content.Select(c => (byte)c)];
        Assert.Contains(words, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
        using var stream = new MemoryStream(file);
        Assert.Contains(words, Assert.Throws<ImageFormatException>(() => ImageFile.Read(stream)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Content_decides_the_format_not_the_name()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "photograph-é-写真.png");
            File.WriteAllBytes(path, TestImages.Encode(TestImages.Generate(9, 9, ChannelLayout.Grey, 16, 1), ImageFormat.Pnm));
            Assert.Equal((9, 9, 16), (ImageFile.Read(path).Width, ImageFile.Read(path).Height, ImageFile.Read(path).BitDepth));

            Image image = TestImages.Generate(5, 4, ChannelLayout.Rgba, 8, 2);
            ImageFile.Write(path, image);
            TestImages.AssertSame(image, ImageFile.Read(path));
            Assert.Equal([path], Directory.GetFiles(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_TIFF_is_the_same_file_wherever_it_is_written()
    {
        Image image = TestImages.Generate(70, 40, ChannelLayout.Rgb, 8, 2);
        byte[] file = TestImages.Encode(image, ImageFormat.Tiff);
        TestImages.AssertSame(image, ImageFile.Decode(file));

        using var others = new MemoryStream();
        others.Write([1, 2, 3]);
        ImageFile.Write(others, image, ImageFormat.Tiff);
        Assert.Equal([1, 2, 3, .. file], others.ToArray());

        // Nobody can go back in this one.
        using var compressed = new MemoryStream();
        using (var pipe = new ZLibStream(compressed, CompressionLevel.Fastest))
            ImageFile.Write(pipe, image, ImageFormat.Tiff);
        using var written = new MemoryStream();
        using (var inflated = new ZLibStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress))
            inflated.CopyTo(written);
        Assert.Equal(file, written.ToArray());
    }

    [Fact]
    public void Streams_that_deliver_little_by_little_are_read()
    {
        Image image = TestImages.Generate(300, 200, ChannelLayout.Rgb, 8, 2);
        using var pipe = new TricklingStream(TestImages.Encode(image, ImageFormat.Png));
        TestImages.AssertSame(image, ImageFile.Read(pipe));
    }

    [Fact]
    public void Limits_are_checked_before_decoding()
    {
        byte[] png = TestImages.Encode(TestImages.Generate(100, 100, ChannelLayout.Rgb, 8, 2), ImageFormat.Png);
        byte[] jpeg = TestImages.Encode(TestImages.Generate(100, 100, ChannelLayout.Rgb, 8, 2), ImageFormat.Jpeg);
        byte[] pnm = TestImages.Encode(TestImages.Generate(100, 100, ChannelLayout.Rgb, 8, 2), ImageFormat.Pnm);
        byte[][] others = [.. new[] { ImageFormat.WebP, ImageFormat.Tiff, ImageFormat.Bmp, ImageFormat.Tga }.Select(
            format => TestImages.Encode(TestImages.Generate(100, 100, ChannelLayout.Rgb, 8, 2), format))];
        foreach (byte[] file in new[] { png, jpeg, pnm }.Concat(others))
        {
            Assert.Equal(100, ImageFile.Decode(file, new ImageLimits { MaximumPixels = 10_000 }).Width);
            var exception = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, new ImageLimits { MaximumPixels = 9_999 }));
            Assert.Contains("limit of 9999 pixels", exception.Message, StringComparison.Ordinal);

            var short1 = new ImageLimits { MaximumFileBytes = file.Length - 1 };
            Assert.Contains("longer than the limit", Assert.Throws<ImageFormatException>(
                () => ImageFile.Read(new MemoryStream(file), short1)).Message, StringComparison.Ordinal);
            using var pipe = new TricklingStream(file);
            Assert.Contains("longer than the limit", Assert.Throws<ImageFormatException>(
                () => ImageFile.Read(pipe, short1)).Message, StringComparison.Ordinal);
            Assert.Equal(100, ImageFile.Read(new MemoryStream(file), new ImageLimits { MaximumFileBytes = file.Length }).Width);
        }
    }

    [Fact]
    public void An_endless_stream_of_something_else_is_refused_at_once()
    {
        using var endless = new TricklingStream(new byte[1 << 20]);
        Assert.Throws<ImageFormatException>(() => ImageFile.Read(endless));
        Assert.InRange(endless.Delivered, 1, 64);
    }

    /// <summary>A pipe: not seekable, and a few bytes at a time.</summary>
    private sealed class TricklingStream(byte[] content) : Stream
    {
        public int Delivered { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int given = Math.Min(Math.Min(count, 7), content.Length - Delivered);
            Array.Copy(content, Delivered, buffer, offset, given);
            Delivered += given;
            return given;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    [Theory]
    [InlineData("x.png")]
    [InlineData("x.jpg")]
    [InlineData("x.webp")]
    [InlineData("x.tif")]
    [InlineData("x.bmp")]
    [InlineData("x.tga")]
    [InlineData("x.ppm")]
    public void Writing_that_is_cancelled_leaves_nothing(string name)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using var cancellation = new CancellationTokenSource();
            cancellation.Cancel();
            var image = new Image(4, 3, ChannelLayout.Rgb, new byte[36]);
            var options = new ImageWriteOptions { Cancellation = cancellation.Token };
            Assert.Throws<OperationCanceledException>(() => ImageFile.Write(Path.Combine(folder, name), image, options));
            Assert.Empty(Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
