namespace Gsasr.Imaging.Tests;

/// <summary>TGA files that ImageMagick does not write.</summary>
public class TgaTests
{
    [Theory]
    [InlineData(15, 5)]
    [InlineData(24, 0)]
    [InlineData(32, 3)]
    public void A_colour_map_that_is_no_palette_is_skipped(int mapDepth, int firstColour)
    {
        byte[] map = new byte[7 * ((mapDepth + 7) / 8)];
        map.AsSpan().Fill(0xAA);
        byte[] pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        byte[] file = [2, 1, 2, (byte)firstColour, 0, 7, 0, (byte)mapDepth, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0x20, .. "id"u8, .. map, .. pixels];
        Assert.Equal([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10], ImageFile.Decode(file).Samples8);
        Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file.AsMemory(0, file.Length - 1)));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    public void A_palette_of_15_bits_is_read(int mapDepth)
    {
        // Red and violet.
        byte[] file = [0, 1, 1, 0, 0, 2, 0, (byte)mapDepth, 0, 0, 0, 0, 2, 0, 1, 0, 8, 0x20, 0, 0x7C, 0x1F, 0x7C, 0, 1];
        Assert.Equal([255, 0, 0, 255, 0, 255], ImageFile.Decode(file).Samples8);
    }

    [Fact]
    public void A_palette_that_begins_elsewhere_is_refused()
    {
        byte[] file = [0, 1, 1, 5, 0, 2, 0, 24, 0, 0, 0, 0, 2, 0, 1, 0, 8, 0x20, 1, 2, 3, 4, 5, 6, 5, 6];
        var refusal = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file));
        Assert.Contains("does not begin with colour 0", refusal.Message, StringComparison.Ordinal);
    }
}
