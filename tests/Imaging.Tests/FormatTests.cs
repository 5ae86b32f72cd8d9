namespace Gsasr.Imaging.Tests;

/// <summary>Files of all formats against ImageMagick, both ways.</summary>
public class FormatTests
{
    [Theory]
    [MemberData(nameof(FileKinds.Names), MemberType = typeof(FileKinds))]
    public void Files_are_read_as_by_ImageMagick(string name)
    {
        FileKind kind = FileKinds.Find(name);
        byte[] file = kind.Make();
        Image image = ImageFile.Decode(file);
        Assert.Equal((37, 29, kind.Layout, kind.BitDepth), (image.Width, image.Height, image.Layout, image.BitDepth));
        Assert.Empty(image.Notes);
        AssertSamePicture(Tool.DecodeWithImageMagick(file, Prefix(kind.Format)), TestImages.ToRgba16(image), kind.Tolerance);
    }

    /// <summary>Formats, channels, bits, whether a WebP is lossless.</summary>
    public static TheoryData<ImageFormat, ChannelLayout, int> Written()
    {
        var data = new TheoryData<ImageFormat, ChannelLayout, int>();
        foreach (ImageFormat format in Enum.GetValues<ImageFormat>())
        {
            foreach (ChannelLayout layout in Enum.GetValues<ChannelLayout>())
            {
                foreach (int depth in new[] { 8, 16 })
                {
                    if (FormatTable.CanWrite(format, layout, depth) && format != ImageFormat.Jpeg)
                        data.Add(format, layout, depth);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Written))]
    public void ImageMagick_reads_what_is_written_and_so_do_we(ImageFormat format, ChannelLayout layout, int depth)
    {
        foreach ((int width, int height) in new[] { (1, 1), (37, 29), (64, 3) })
        {
            Image image = TestImages.Generate(width, height, layout, depth, 1);
            byte[] file = TestImages.Encode(image, format, new ImageWriteOptions { Lossless = true });
            AssertSamePicture(TestImages.ToRgba16(image), Tool.DecodeWithImageMagick(file, format == ImageFormat.Tga ? "tga:" : ""), 0);
            AssertSamePicture(TestImages.ToRgba16(image), TestImages.ToRgba16(ImageFile.Decode(file)), 0);
        }
    }

    [Fact]
    public void Lossy_WebP_gets_better_with_quality_and_ImageMagick_reads_it_alike()
    {
        Image photo = TestImages.Crop(FileKinds.Photo.Value, 101, 90);
        double before = double.MaxValue;
        foreach (int quality in new[] { 5, 50, 95 })
        {
            byte[] file = TestImages.Encode(photo, ImageFormat.WebP, new ImageWriteOptions { Quality = quality });
            ushort[] read = Tool.DecodeWithImageMagick(file), expected = TestImages.ToRgba16(photo);
            AssertSamePicture(read, TestImages.ToRgba16(ImageFile.Decode(file)), 1);
            double error = expected.Zip(read, (a, b) => Math.Pow((a - b) / 257.0, 2)).Average();
            Assert.True(error < before, $"Quality {quality} has an error of {error}, a lower one had {before}.");
            before = error;
        }

        Assert.InRange(before, 0, 30);
    }

    [Fact]
    public void Of_an_animation_the_first_frame_is_read_and_said()
    {
        byte[] first = TestImages.Encode(TestImages.Crop(FileKinds.Photo.Value, 40, 30), ImageFormat.Png);
        byte[] gif = Tool.Convert(first, "gif", "-colors", "32", "(", "+clone", "-negate", ")", "-loop", "0");
        Image read = ImageFile.Decode(gif);
        AssertSamePicture(Tool.DecodeWithImageMagick(gif), TestImages.ToRgba16(read), 0);
        Assert.Equal("GIF: the first of 2 frames was read.", Assert.Single(read.Notes));

        byte[] tiff = Tool.Convert(first, "tiff", "(", "+clone", "-negate", ")");
        read = ImageFile.Decode(tiff);
        AssertSamePicture(Tool.DecodeWithImageMagick(tiff), TestImages.ToRgba16(read), 0);
        Assert.Contains("several pages", Assert.Single(read.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 0, 0, 16, 12)]
    [InlineData(false, 0, 0, 16, 12)]
    [InlineData(true, 4, 2, 20, 17)]
    public void Of_an_animated_WebP_the_first_frame_is_read_and_said(bool lossless, int left, int top, int width, int height)
    {
        Image frame = FileKinds.WithAlpha(TestImages.Crop(FileKinds.Photo.Value, 16, 12));
        byte[] still = TestImages.Encode(frame, ImageFormat.WebP, new ImageWriteOptions { Lossless = lossless });
        // The chunks of the still picture, behind RIFF, its length and WEBP; a lossy one with alpha begins with VP8X.
        byte[] chunks = still[(lossless ? 12 : 30)..];
        byte[] frameHeader = [.. Size(left / 2), .. Size(top / 2), .. Size(15), .. Size(11), 100, 0, 0, 0];
        byte[] animation = RiffOf(
            [.. Chunk("VP8X", [0x12, 0, 0, 0, .. Size(width - 1), .. Size(height - 1)]), .. Chunk("ANIM", [0, 0, 0, 0, 0, 0]),
                .. Chunk("ANMF", [.. frameHeader, .. chunks]), .. Chunk("ANMF", [.. frameHeader, .. chunks])]);
        Image read = ImageFile.Decode(animation);
        Assert.Equal("WebP: the first of 2 frames was read.", Assert.Single(read.Notes));
        Assert.Equal((width, height, ChannelLayout.Rgba), (read.Width, read.Height, read.Layout));
        Image expected = ImageFile.Decode(still);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bool isInside = x >= left && x < left + 16 && y >= top && y < top + 12;
                ReadOnlySpan<byte> pixel = isInside ? expected.Samples8.AsSpan(((y - top) * 16 + x - left) * 4, 4) : [0, 0, 0, 0];
                Assert.Equal(pixel, read.Samples8.AsSpan((y * width + x) * 4, 4));
            }
        }
    }

    [Fact]
    public void Of_an_APNG_the_still_picture_is_read_and_said()
    {
        byte[] pixels = PngBuilder.Deflate([0, 1, 2, 3, 4]);
        byte[] file = new PngBuilder().Header(4, 1, 8, 0).Chunk("acTL", 0, 0, 0, 2, 0, 0, 0, 0).Chunk("fcTL", new byte[26])
            .Chunk("IDAT", pixels).Chunk("fcTL", new byte[26]).Chunk("fdAT", [0, 0, 0, 2, .. pixels]).End();
        Image read = ImageFile.Decode(file);
        Assert.Equal([1, 2, 3, 4], read.Samples8);
        Assert.Contains("animation", Assert.Single(read.Notes), StringComparison.Ordinal);
    }

    private static string Prefix(string format) => format == "tga" ? "tga:" : "";

    private static byte[] Size(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16)];

    private static byte[] Chunk(string type, byte[] data) =>
        [.. type.Select(c => (byte)c), .. BitConverter.GetBytes(data.Length), .. data, .. new byte[data.Length & 1]];

    private static byte[] RiffOf(byte[] chunks) => [.. "RIFF"u8, .. BitConverter.GetBytes(4 + chunks.Length), .. "WEBP"u8, .. chunks];

    // The colours of transparent pixels mean nothing.
    private static void AssertSamePicture(ushort[] expected, ushort[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool isHidden = i % 4 != 3 && expected[i | 3] == 0 && actual[i | 3] == 0;
            double difference = Math.Abs(expected[i] - actual[i]) / 257.0;
            Assert.True(isHidden || difference <= tolerance + 0.01, $"Sample {i} is {actual[i] / 257.0} instead of {expected[i] / 257.0}.");
        }
    }
}
