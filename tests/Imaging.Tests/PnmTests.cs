using System.Text;

namespace Gsasr.Imaging.Tests;

public class PnmTests
{
    [Theory]
    [InlineData(ChannelLayout.Grey, 8)]
    [InlineData(ChannelLayout.Grey, 16)]
    [InlineData(ChannelLayout.Rgb, 8)]
    [InlineData(ChannelLayout.Rgb, 16)]
    public void Images_come_back_as_they_were_and_ImageMagick_reads_them(ChannelLayout layout, int bitDepth)
    {
        Image image = TestImages.Generate(33, 7, layout, bitDepth, 1);
        byte[] file = TestImages.Encode(image, ImageFormat.Pnm);
        TestImages.AssertSame(image, ImageFile.Decode(file));
        TestImages.AssertSame(TestImages.ToRgba16(image), Tool.DecodeWithImageMagick(file));
    }

    [Fact]
    public void Headers_may_have_comments_and_any_white_space()
    {
        byte[] file = [.. "P5# one\n#two\r 2\t\v# three\n1 # four\n255\n"u8, (byte)' ', (byte)'\n'];
        Assert.Equal([(byte)' ', (byte)'\n'], ImageFile.Decode(file).Samples8);
    }

    [Fact]
    public void Samples_are_scaled_by_the_maximum_value()
    {
        Assert.Equal([0, 85, 170, 255], ImageFile.Decode((byte[])[.. "P5 2 2 3\n"u8, 0, 1, 2, 3]).Samples8);
        Assert.Equal<ushort>([0, 65535, 32768], ImageFile.Decode((byte[])[.. "P6 1 1 1000\n"u8, 0, 0, 3, 232, 1, 244]).Samples16);
    }

    [Theory]
    [InlineData("P5", "no width")]
    [InlineData("P5 3", "no height")]
    [InlineData("P5 3 x", "no height")]
    [InlineData("P5 3 4 ", "no maximum value")]
    [InlineData("P5 3 4 255", "white space")]
    [InlineData("P5 3 4 255x", "white space")]
    [InlineData("P5 3 4 0 ", "maximum value is 0")]
    [InlineData("P5 3 4 65536 ", "maximum value is 65536")]
    [InlineData("P5 0 4 255 ", "0 x 4")]
    [InlineData("P5 99999999999999999999 4 255 ", "out of range")]
    [InlineData("P5 3 4 255 12345678901", "take 12 bytes, but only 11")]
    [InlineData("P6 1 1 300 12345", "take 6 bytes, but only 5")]
    [InlineData("P5 1 1 40 A", "sample 0 is 65")]
    [InlineData("P5 60000 60000 255 ", "limit")]
    [InlineData("P5 4096 4096 255 ", "take 16777216 bytes")]
    public void Damaged_files_are_refused_with_the_reason(string content, string words)
    {
        byte[] file = [.. Encoding.ASCII.GetBytes(content)];
        if (content == "P5")
            file = [.. file, (byte)' '];
        Assert.Contains(words, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Alpha_is_refused()
    {
        Image image = TestImages.Generate(2, 2, ChannelLayout.Rgba, 8, 1);
        Assert.Contains("alpha", Assert.Throws<ImageFormatException>(
            () => TestImages.Encode(image, ImageFormat.Pnm)).Message, StringComparison.Ordinal);
    }
}
