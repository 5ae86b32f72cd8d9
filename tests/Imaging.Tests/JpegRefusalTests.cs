namespace Gsasr.Imaging.Tests;

public class JpegRefusalTests
{
    // Offsets follow from the segments being where the file says they are.
    private static readonly byte[] Sequential = TestImages.Encode(TestImages.Generate(40, 30, ChannelLayout.Rgb, 8, 1), ImageFormat.Jpeg);

    [Theory]
    [InlineData(0xC3, "lossless JPEG")]
    [InlineData(0xC5, "hierarchical JPEG")]
    [InlineData(0xC9, "arithmetic-coded JPEG")]
    [InlineData(0xCA, "arithmetic-coded JPEG")]
    [InlineData(0xCE, "hierarchical arithmetic-coded JPEG")]
    [InlineData(0xF7, "JPEG-LS")]
    public void Processes_that_are_not_supported_are_named(int marker, string name)
    {
        byte[] file = [.. Sequential];
        file[Find(file, 0xC0) + 1] = (byte)marker;
        AssertRefused(file, $"{name} is not supported");
    }

    [Fact]
    public void Twelve_bits_are_named()
    {
        byte[] file = [.. Sequential];
        file[Find(file, 0xC0) + 4] = 12;
        AssertRefused(file, "12 bits a sample");
    }

    [Fact]
    public void Headers_that_make_no_sense_are_refused_with_the_reason()
    {
        int frame = Find(Sequential, 0xC0), scan = Find(Sequential, 0xDA);
        int huffman = Find(Sequential, 0xC4), quantisation = Find(Sequential, 0xDB);
        foreach ((int offset, byte value, string words) in new[]
        {
            (frame + 3, (byte)16, "frame header (SOF) has a wrong length"),
            (frame + 9, (byte)2, "frame header (SOF) has a wrong length"),
            (frame + 11, (byte)0x51, "sampling factor"),
            (frame + 11, (byte)0x10, "sampling factor"),
            (frame + 12, (byte)4, "quantisation table that does not exist"),
            (frame + 13, (byte)1, "two components have the identifier 1"),
            (scan + 4, (byte)4, "scan header (SOS)"),
            (scan + 5, (byte)9, "names component 9"),
            (huffman + 4, (byte)0x22, "Huffman table (DHT)"),
            (huffman + 5, (byte)3, "Huffman table (DHT)"),
            (quantisation + 2, (byte)0xFF, "truncated in segment DB"),
        })
        {
            byte[] file = [.. Sequential];
            file[offset] = value;
            AssertRefused(file, words);
        }
        byte[] zeroHeight = [.. Sequential];
        (zeroHeight[frame + 5], zeroHeight[frame + 6]) = (0, 0);
        AssertRefused(zeroHeight, "height behind the data (DNL)");
        byte[] fractional = [.. Sequential];
        (fractional[frame + 11], fractional[frame + 14]) = (0x31, 0x21);
        AssertRefused(fractional, "not a whole number");
        AssertRefused([.. Sequential[..frame], .. Sequential[(frame + 19)..]], "before the frame header");
        AssertRefused([.. Sequential[..(frame + 19)], .. Sequential[frame..]], "second frame header");
        AssertRefused([.. Sequential[..scan], 0xFF, 0xD9], "no data for component 1");
        AssertRefused([.. Sequential[..(scan + 24)], 0xFF, 0xD9], "the compressed data end in row 0 of");
        AssertRefused([0xFF, 0xD8, 0xFF, 0xD9], "no frame header");
    }

    [Fact]
    public void A_missing_restart_marker_is_noticed()
    {
        byte[] file = Tool.Cjpeg(TestImages.Generate(60, 50, ChannelLayout.Rgb, 8, 1), "-restart", "2B");
        file[Find(file, 0xD1) + 1] = 0xD5;
        AssertRefused(file, "restart marker 1 is missing");
    }

    [Fact]
    public void Endless_scans_are_refused()
    {
        byte[] file = Tool.Cjpeg(TestImages.Generate(60, 50, ChannelLayout.Rgb, 8, 1), "-progressive");
        int scan = Find(file, 0xDA), behind = scan + 2 + file.AsSpan(scan + 2).IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC4]);
        var many = new List<byte>(file[..^2]);
        for (int i = 0; i < 200; i++)
            many.AddRange(file[scan..behind]);
        AssertRefused([.. many, 0xFF, 0xD9], "more than 200 scans");
    }

    [Fact]
    public void A_header_alone_takes_no_memory()
    {
        byte[] file = [.. Sequential];
        int frame = Find(file, 0xC0);
        (file[frame + 5], file[frame + 6], file[frame + 7], file[frame + 8]) = (0xEA, 0x60, 0xEA, 0x60);
        Measured.AssertRefused(file, 1 << 20, ImageLimits.Default);
        Measured.AssertRefused(file, 1 << 20, new ImageLimits { MaximumPixels = 1L << 40 });
        (file[frame + 5], file[frame + 7]) = (0x20, 0x20);
        Measured.AssertRefused(file, 1 << 20, ImageLimits.Default);
    }

    private static int Find(byte[] file, int marker)
    {
        int position = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, (byte)marker]);
        Assert.True(position > 0);
        return position;
    }

    private static void AssertRefused(byte[] file, string words) =>
        Assert.Contains(words, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);
}
