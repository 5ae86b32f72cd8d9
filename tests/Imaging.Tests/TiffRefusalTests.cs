using System.IO.Compression;

namespace Gsasr.Imaging.Tests;

/// <summary>TIFF files that the decoder below would read as something else, or with pixels missing, without a word.</summary>
public class TiffRefusalTests
{
    private const int None = 1, Lzw = 5, Deflate = 8, PackBits = 32773, OldDeflate = 32946;

    // A picture of 8 x 4 grey pixels.
    private static readonly byte[] Pixels = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];

    [Theory]
    [InlineData(None)]
    [InlineData(Lzw)]
    [InlineData(Deflate)]
    [InlineData(OldDeflate)]
    [InlineData(PackBits)]
    public void A_strip_that_holds_one_byte_less_is_refused(int compression)
    {
        TestImages.AssertSame(Pixels, ImageFile.Decode(Grey(compression, Pixels)).Samples8);
        AssertRefused(Grey(compression, Pixels[..^1]), "strip 0 holds 31 bytes of the 32");
        AssertRefused(Grey(compression, []), "strip 0 holds 0 bytes of the 32");
    }

    [Theory]
    [InlineData(Lzw)]
    [InlineData(Deflate)]
    [InlineData(PackBits)]
    public void A_strip_of_the_wrong_length_is_refused(int compression)
    {
        byte[] strip = Compress(compression, Pixels);
        for (int length = 0; length < strip.Length - 8; length++)
            AssertRefused(new TiffBuilder(8, 4, 1, 1, 8).Shorts(259, compression).File(strip[..length]), "of the 32 of its 4 rows");
    }

    [Fact]
    public void Two_bytes_are_no_picture_of_16_million_pixels() =>
        AssertRefused(new TiffBuilder(4096, 4096, 1, 1, 8).Shorts(259, Deflate).File([0x78, 0x9C]), "strip 0 holds 0 bytes of the 16777216");

    [Fact]
    public void Of_CMYK_it_is_said_whatever_else_there_is() =>
        AssertRefused(new TiffBuilder(8, 1, 5, 4, 8).Shorts(259, Lzw).Shorts(317, 2).File(Pixels), "CMYK is not supported");

    [Fact]
    public void Strips_of_every_compression_are_counted_as_ImageMagick_writes_them()
    {
        byte[] png = TestImages.Encode(TestImages.Crop(FileKinds.Photo.Value, 301, 200), ImageFormat.Png);
        foreach (string compression in new[] { "LZW", "Zip", "RLE" })
        {
            foreach (string depth in new[] { "8", "16" })
            {
                byte[] file = Tool.Convert(png, "tiff", "-compress", compression, "-depth", depth, "-define", "tiff:rows-per-strip=64");
                TestImages.AssertSame(Tool.DecodeWithImageMagick(file), TestImages.ToRgba16(ImageFile.Decode(file)));
            }
        }
    }

    [Theory]
    [InlineData(6, "-sample", "2x2")]
    [InlineData(6, "-sample", "1x1", "-restart", "1")]
    [InlineData(2, "-rgb")]
    public void A_strip_of_JPEG_that_is_cut_short_is_refused(int photometric, params string[] arguments)
    {
        byte[] strip = Tool.Cjpeg(TestImages.Crop(FileKinds.Photo.Value, 61, 45), arguments);
        TiffBuilder tiff = new TiffBuilder(61, 45, photometric, 3, 8).Shorts(259, 7);
        Assert.Equal(61, ImageFile.Decode(tiff.File(strip)).Width);
        int scan = strip.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]) + 16;
        for (int length = scan; length < strip.Length - 4; length += 7)
        {
            if (strip[length - 1] != 0xFF)
                AssertRefused(tiff.File([.. strip[..length], 0xFF, 0xD9]), "TIFF: strip 0: JPEG: ");
        }

        AssertRefused(tiff.File(strip[..^2]), "TIFF: strip 0: JPEG: the file is truncated");
    }

    [Fact]
    public void A_strip_of_JPEG_has_the_size_and_the_components_of_the_TIFF()
    {
        byte[] strip = Tool.Cjpeg(TestImages.Crop(FileKinds.Photo.Value, 16, 8));
        AssertRefused(new TiffBuilder(16, 9, 2, 3, 8).Shorts(259, 7).File(strip), "strip 0: JPEG: 3 components of 16 x 8 are not 3 of 16 x 9");
        AssertRefused(new TiffBuilder(15, 8, 2, 3, 8).Shorts(259, 7).File(strip), "strip 0: JPEG: 3 components of 16 x 8 are not 3 of 15 x 8");
        AssertRefused(new TiffBuilder(16, 8, 1, 1, 8).Shorts(259, 7).File(strip), "strip 0: JPEG: 3 components of 16 x 8 are not 1 of 16 x 8");
        AssertRefused(new TiffBuilder(16, 8, 1, 1, 8).Shorts(259, 7).File([1]), "strip 0: JPEG: the start marker (SOI) is missing");
    }

    [Fact]
    public void Strips_of_JPEG_share_their_tables()
    {
        byte[] png = TestImages.Encode(TestImages.Crop(FileKinds.Photo.Value, 301, 200), ImageFormat.Png);
        byte[] file = Tool.Convert(png, "tiff", "-compress", "JPEG", "-define", "tiff:rows-per-strip=64");
        Assert.True(file.AsSpan().Count((ReadOnlySpan<byte>)[0xFF, 0xDA]) > 1);
        ushort[] expected = Tool.DecodeWithImageMagick(file), actual = TestImages.ToRgba16(ImageFile.Decode(file));
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -3 * 257, 3 * 257));
    }

    [Fact]
    public void There_are_as_many_strips_as_the_rows_need()
    {
        byte[] file = new TiffBuilder(8, 4, 1, 1, 8).Shorts(278, 2).File(Pixels);
        AssertRefused(file, "there are 1 strips");
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(16, 2)]
    [InlineData(16, 3)]
    [InlineData(32, 2)]
    [InlineData(8, 4)]
    [InlineData(24, 3)]
    public void Samples_that_are_no_unsigned_integers_are_refused(int bits, int format) =>
        AssertRefused(new TiffBuilder(8, 4, 1, 1, bits).Shorts(339, format).File(new byte[32 * bits / 8]), $"samples of {bits} bits in format {format}");

    [Fact]
    public void Samples_of_several_kinds_are_refused() =>
        AssertRefused(new TiffBuilder(2, 1, 2, 3, 32).Shorts(339, 3, 3, 1).File(new byte[24]), "samples of 32 bits");

    [Fact]
    public void Floats_in_planes_are_refused()
    {
        // One row for each plane, all from the same bytes.
        byte[] file = new TiffBuilder(1, 1, 2, 3, 32).Shorts(339, 3, 3, 3).Shorts(284, 2).File(new byte[12]);
        AssertRefused(file, "samples of 32 bits in format 3");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Floats_of_32_bits_are_read(int samples)
    {
        float[] values = [0, 0.25f, 1, 0.5f, 0.75f, 0.125f];
        byte[] strip = [.. values.SelectMany(BitConverter.GetBytes)];
        Image image = ImageFile.Decode(new TiffBuilder(6 / samples, 1, samples == 1 ? 1 : 2, samples, 32).Shorts(339, [.. Enumerable.Repeat(3, samples)]).File(strip));
        Assert.Equal(values.Select(value => (int)Math.Round(value * 65535)), image.Samples16.Select(value => (int)value));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(32)]
    public void Unsigned_integers_of_other_depths_are_read(int bits)
    {
        int depth = bits > 8 ? 16 : 8;
        double highest = Math.Pow(2, bits) - 1;
        foreach (int samples in new[] { 1, 3 })
        {
            // Six samples of a row, packed, the highest bit first; of whole bytes, the lowest byte first.
            ulong[] values = [0, (ulong)highest, (ulong)(highest * 0.3), (ulong)(highest * 0.7), 1, (ulong)highest - 1];
            byte[] strip = new byte[(6 * bits + 7) / 8];
            for (int i = 0; i < 6 * bits; i++)
            {
                int sample = i / bits, bit = bits - 1 - i % bits;
                int place = bits % 8 == 0 ? (sample * bits / 8 + bit / 8) * 8 + 7 - bit % 8 : i;
                strip[place / 8] |= (byte)((values[sample] >> bit & 1) << (7 - place % 8));
            }

            Image image = ImageFile.Decode(new TiffBuilder(6 / samples, 1, samples == 1 ? 1 : 2, samples, bits).File(strip));
            Assert.Equal(depth, image.BitDepth);
            int[] read = depth == 8 ? [.. image.Samples8] : [.. image.Samples16];
            for (int i = 0; i < 6; i++)
                Assert.InRange(read[i] - values[i] / highest * (Math.Pow(2, depth) - 1), -1, 1);
        }
    }

    [Theory]
    [InlineData(1, 1, 4, 1)]
    [InlineData(1, 1, 12, 1)]
    [InlineData(1, 1, 32, 3)]
    [InlineData(2, 3, 4, 1)]
    public void Differences_of_samples_that_the_decoder_would_leave_as_they_are_are_refused(int photometric, int samples, int bits, int format)
    {
        byte[] file = new TiffBuilder(8, 4, photometric, samples, bits).Shorts(259, Deflate).Shorts(317, 2).Shorts(339, [.. Enumerable.Repeat(format, samples)])
            .File(Compress(Deflate, new byte[4 * samples * bits]));
        AssertRefused(file, "stored as differences");
    }

    [Theory]
    [InlineData(None)]
    [InlineData(Lzw)]
    [InlineData(Deflate)]
    public void Bits_in_reverse_are_refused(int compression)
    {
        byte[] file = new TiffBuilder(8, 4, 1, 1, 1).Shorts(259, compression).Shorts(266, 2).File(Compress(compression, [1, 2, 4, 8]));
        AssertRefused(file, "whose first bit is the lowest");
    }

    [Fact]
    public void Fax_is_read_with_bits_in_reverse()
    {
        byte[] png = TestImages.Encode(TestImages.Crop(FileKinds.Photo.Value, 37, 29), ImageFormat.Png);
        byte[] file = Tool.Convert(png, "tiff", "-monochrome", "-compress", "Group4", "-define", "tiff:fill-order=lsb");
        TestImages.AssertSame(Tool.DecodeWithImageMagick(file), TestImages.ToRgba16(ImageFile.Decode(file)));
    }

    [Fact]
    public void What_the_runtime_says_of_a_damaged_file_is_not_passed_on()
    {
        // More different bytes than there are pixels.
        byte[] strip = [.. Compress(PackBits, Pixels[..^1]), 127, .. new byte[128]];
        var refusal = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(new TiffBuilder(8, 4, 1, 1, 8).Shorts(259, PackBits).File(strip)));
        Assert.Equal("TIFF: the pixels cannot be decoded: the file is damaged or of a kind that cannot be read.", refusal.Message);
        Assert.IsType<ArgumentException>(refusal.InnerException);
    }

    [Fact]
    public void What_the_decoder_says_of_a_kind_of_file_is_passed_on() => AssertRefused(
        new TiffBuilder(8, 4, 2, 4, 8).Shorts(338, 0).File(new byte[128]), "Decoding Tiff images with ExtraSamples is not supported with UnspecifiedData.");

    private static byte[] Grey(int compression, byte[] pixels) =>
        new TiffBuilder(8, 4, 1, 1, 8).Shorts(259, compression).File(Compress(compression, pixels));

    private static byte[] Compress(int compression, byte[] data)
    {
        switch (compression)
        {
            case Deflate or OldDeflate:
                var deflated = new MemoryStream();
                using (var zlib = new ZLibStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
                    zlib.Write(data);
                return deflated.ToArray();
            case PackBits:
                // One byte at a time.
                return [.. data.SelectMany(value => new byte[] { 0, value })];
            case Lzw:
                // Codes of 9 bits, the first of which clears the table and the last of which is the end.
                int[] codes = [256, .. data.Select(value => (int)value), 257];
                byte[] packed = new byte[(codes.Length * 9 + 7) / 8];
                for (int i = 0; i < codes.Length * 9; i++)
                    packed[i / 8] |= (byte)((codes[i / 9] >> (8 - i % 9) & 1) << (7 - i % 8));
                return packed;
            default:
                return data;
        }
    }

    private static void AssertRefused(byte[] file, string message) =>
        Assert.Contains(message, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
}
