using System.Buffers.Binary;

namespace Gsasr.Imaging.Tests;

/// <summary>Bitmaps whose pixels have bit fields, written by hand.</summary>
public class BmpFieldTests
{
    /// <summary>Bits, masks of red, green, blue and alpha, a pixel, and what it is.</summary>
    public static TheoryData<int, uint, uint, uint, uint, uint, byte[]> Fields => new()
    {
        { 16, 0x7C00, 0x3E0, 0x1F, 0, 0x7C00 | 0x1F << 5, [255, 255, 0] },
        { 16, 0xF800, 0x7E0, 0x1F, 0, 31 << 11 | 32 << 5 | 15, [255, 130, 123] },
        { 16, 0xF00, 0xF0, 0xF, 0, 0xF84, [255, 136, 68] },
        { 16, 0xF00, 0xF0, 0xF, 0xF000, 0x7F84, [255, 136, 68, 119] },
        { 16, 0x7C00, 0x3E0, 0x1F, 0x8000, 0x7FFF, [255, 255, 255, 0] },
        { 16, 0xE0, 0x1C, 0x3, 0, 0xFF, [255, 255, 255] },
        { 16, 0xE0, 0x1C, 0x3, 0, 0x21, [36, 0, 85] },
        { 32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000, 0x80402010, [64, 32, 16, 128] },
        { 32, 0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000, 0xBFF00000, [255, 0, 0, 170] },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void Fields_of_any_length_are_shares_of_their_largest_value(int bits, uint red, uint green, uint blue, uint alpha, uint pixel, byte[] expected)
    {
        Image image = ImageFile.Decode(File(bits, red, green, blue, alpha, pixel));
        Assert.Equal((3, 2, expected.Length), (image.Width, image.Height, image.ChannelCount));
        Assert.Equal(expected, image.Samples8[..expected.Length]);
        // The other pixels are 0.
        Assert.All(image.Samples8.Skip(expected.Length).Chunk(expected.Length), other => Assert.Equal(new byte[expected.Length], other));
    }

    [Theory]
    [InlineData(16, 0xF0F0u, 0x0Fu, 0x0F00u)]
    [InlineData(16, 0xFF0000u, 0xFF00u, 0xFFu)]
    [InlineData(32, 0u, 0xFF00u, 0xFFu)]
    public void Fields_that_are_none_are_refused(int bits, uint red, uint green, uint blue)
    {
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(File(bits, red, green, blue, 0, 1)));
        Assert.Contains("bit fields", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_bits_a_pixel_are_refused()
    {
        byte[] file = File(16, 0x7C00, 0x3E0, 0x1F, 0, 0);
        (file[28], file[30]) = (2, 0);
        Assert.Contains("2 bits", Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
    }

    // 3 x 2 pixels, of which the first of the top row, which is the last in the file, has a value.
    private static byte[] File(int bits, uint red, uint green, uint blue, uint alpha, uint pixel)
    {
        const int HeaderBytes = 108, Start = 14 + HeaderBytes;
        int stride = (3 * bits / 8 + 3) & ~3;
        byte[] file = new byte[Start + 2 * stride];
        "BM"u8.CopyTo(file);
        Write(10, Start);
        Write(14, HeaderBytes);
        Write(18, 3);
        Write(22, 2);
        (file[26], file[28], file[30]) = (1, (byte)bits, 3);
        Write(54, red);
        Write(58, green);
        Write(62, blue);
        Write(66, alpha);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(Start + stride), pixel);
        return file;

        void Write(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);
    }
}
