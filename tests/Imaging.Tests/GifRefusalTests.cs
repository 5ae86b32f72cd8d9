namespace Gsasr.Imaging.Tests;

/// <summary>GIF files with fewer pixels than their first frame has.</summary>
public class GifRefusalTests
{
    private const int Clear = 4, End = 5;

    // 16 pixels of four colours; one code for each, so the table is cleared before the codes get longer.
    private static readonly int[] Pixels = [0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0];

    [Fact]
    public void Every_missing_pixel_is_noticed()
    {
        Assert.Equal(Pixels, ImageFile.Decode(Gif(Codes(16, [End]))).Samples8.Where((_, i) => i % 3 == 0).Select(value => value / 85));
        for (int count = 0; count < 16; count++)
            AssertRefused(Gif(Codes(count, [End])), count);
    }

    [Fact]
    public void A_file_without_codes_is_refused() => AssertRefused(Gif([]), 0);

    [Fact]
    public void Without_an_end_code_and_with_more_pixels_than_needed_a_file_is_read()
    {
        byte[] expected = ImageFile.Decode(Gif(Codes(16, [End]))).Samples8;
        TestImages.AssertSame(expected, ImageFile.Decode(Gif(Codes(16, []))).Samples8);
        TestImages.AssertSame(expected, ImageFile.Decode(Gif(Codes(16, [1, End]))).Samples8);
    }

    [Fact]
    public void A_code_that_means_nothing_yet_is_refused()
    {
        AssertRefused(Gif(Codes(1, [7])), 1);
        AssertRefused(Gif(Codes(0, [6])), 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void Samples_have_2_to_8_bits(int bits)
    {
        byte[] file = Gif(Codes(16, [End]));
        file[^(Packed(Codes(16, [End])).Length + 4)] = (byte)bits;
        var refusal = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file));
        Assert.Contains($"samples of {bits} bits", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    public void Files_of_ImageMagick_are_whole_and_cut_ones_are_not(int colours)
    {
        // Large enough that the table of codes gets full.
        byte[] png = TestImages.Encode(TestImages.Crop(FileKinds.Photo.Value, 300, 250), ImageFormat.Png);
        byte[] file = Tool.Convert(png, "gif", "-colors", $"{colours}");
        TestImages.AssertSame(Tool.DecodeWithImageMagick(file), TestImages.ToRgba16(ImageFile.Decode(file)));
        // A block of codes less, at the end: its length, up to 255 bytes, 0, and the end mark.
        int last = LastBlock(file);
        var refusal = Assert.Throws<ImageFormatException>(() => ImageFile.Decode((byte[])[.. file[..last], 0, 0x3B]));
        Assert.Contains("of its 75000 pixels", refusal.Message, StringComparison.Ordinal);
    }

    // Of a file without a comment behind its picture.
    private static int LastBlock(byte[] file)
    {
        int position = file.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x2C, 0, 0, 0, 0]) + 11, last = position;
        for (; file[position] > 0; position += 1 + file[position])
            last = position;
        return last;
    }

    private static int[] Codes(int count, int[] rest)
    {
        List<int> codes = [];
        for (int i = 0; i < count; i++)
            codes.AddRange(i % 2 == 0 ? [Clear, Pixels[i]] : [Pixels[i]]);
        return [.. codes.Count == 0 ? [Clear] : codes, .. rest];
    }

    private static byte[] Packed(int[] codes)
    {
        byte[] packed = new byte[(codes.Length * 3 + 7) / 8];
        for (int i = 0; i < codes.Length * 3; i++)
            packed[i / 8] |= (byte)((codes[i / 3] >> i % 3 & 1) << i % 8);
        return packed;
    }

    // 4 x 4 pixels of four grey levels, with codes of 3 bits.
    private static byte[] Gif(int[] codes)
    {
        byte[] packed = Packed(codes);
        byte[] block = packed.Length == 0 ? [0] : [(byte)packed.Length, .. packed, 0];
        return [.. "GIF89a"u8, 4, 0, 4, 0, 0x81, 0, 0, 0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255, 0x2C, 0, 0, 0, 0, 4, 0, 4, 0, 0, 2, .. block, 0x3B];
    }

    private static void AssertRefused(byte[] file, int pixels) => Assert.Contains(
        $"holds {pixels} of its 16 pixels", Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
}
