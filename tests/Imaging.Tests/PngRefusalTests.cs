namespace Gsasr.Imaging.Tests;

public class PngRefusalTests
{
    private static readonly byte[] GreyRow = PngBuilder.Deflate([0, 1, 2, 3, 4]);

    /// <summary>Words of the message, and the file.</summary>
    public static TheoryData<string, byte[]> WrongFiles()
    {
        byte[] crc = Grey().Chunk("IDAT", GreyRow).End();
        crc[^14] ^= 1;
        byte[] length = Grey().Chunk("IDAT", GreyRow).End();
        length[33] = 0x70;
        byte[] badZlib = [.. GreyRow];
        badZlib[0] = 0xFF;
        // A zlib header that asks for a dictionary agreed on beforehand.
        byte[] dictionary = [0x78, 0xF9, .. GreyRow[2..]];
        byte[] shortZlib = PngBuilder.Deflate([0, 1, 2]);
        return new TheoryData<string, byte[]>
        {
            { "before the IEND chunk", new PngBuilder().Unfinished() },
            { "before the IEND chunk", Grey().Chunk("IDAT", GreyRow).Unfinished() },
            { "first chunk is IDAT", new PngBuilder().Chunk("IDAT", GreyRow).End() },
            { "second IHDR", Grey().Header(4, 1, 8, 0).Chunk("IDAT", GreyRow).End() },
            { "IHDR chunk has 12 bytes", new PngBuilder().Chunk("IHDR", new byte[12]).End() },
            { "0 x 1 pixels", new PngBuilder().Header(0, 1, 8, 0).End() },
            { "4294967295 x 1 pixels", new PngBuilder().Header(uint.MaxValue, 1, 8, 0).End() },
            { "colour type 5", new PngBuilder().Header(1, 1, 8, 5).End() },
            { "with 4 bits a sample", new PngBuilder().Header(1, 1, 4, 2).End() },
            { "interlace method (0, 0, 2)", new PngBuilder().Header(1, 1, 8, 0, interlace: 2).End() },
            { "wrong checksum in chunk IDAT", crc },
            { "truncated: chunk IDAT", length },
            { "unknown critical chunk ABCD", Grey().Chunk("ABCD").Chunk("IDAT", GreyRow).End() },
            { "do not follow one another", Grey().Chunk("IDAT", GreyRow).Chunk("tEXt").Chunk("IDAT").End() },
            { "no IDAT", Grey().End() },
            { "no PLTE", new PngBuilder().Header(4, 1, 8, 3).Chunk("IDAT", GreyRow).End() },
            { "PLTE chunk in a grey image", Grey().Chunk("PLTE", 1, 2, 3).Chunk("IDAT", GreyRow).End() },
            { "PLTE chunk has 4 bytes", new PngBuilder().Header(4, 1, 8, 3).Chunk("PLTE", 1, 2, 3, 4).End() },
            { "repeated or stands after", new PngBuilder().Header(4, 1, 8, 3).Chunk("PLTE", 1, 2, 3).Chunk("PLTE", 1, 2, 3).End() },
            { "tRNS chunk of 2 bytes", new PngBuilder().Header(4, 1, 8, 3).Chunk("PLTE", 1, 2, 3).Chunk("tRNS", 1, 2).End() },
            { "tRNS chunk of 1 bytes", Grey().Chunk("tRNS", 1).End() },
            { "tRNS chunk of 2 bytes", new PngBuilder().Header(4, 1, 8, 4).Chunk("tRNS", 0, 1).End() },
            { "tRNS chunk is repeated", Grey().Chunk("tRNS", 0, 1).Chunk("tRNS", 0, 1).End() },
            { "compressed pixel data are damaged", Grey().Chunk("IDAT", badZlib).End() },
            { "compressed pixel data are damaged", Grey().Chunk("IDAT", dictionary).End() },
            { "compressed pixel data end in row 0 of 1", Grey().Chunk("IDAT", shortZlib).End() },
            { "unknown filter 5 in row 0", Grey().Chunk("IDAT", PngBuilder.Deflate([5, 1, 2, 3, 4])).End() },
        };
    }

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Wrong_files_are_refused_with_the_reason(string words, byte[] file) =>
        Assert.Contains(words, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file)).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_changed_byte_of_pixel_data_is_noticed()
    {
        byte[] file = TestImages.Encode(TestImages.Generate(12, 9, ChannelLayout.Rgb, 8, 1), ImageFormat.Png);
        for (int i = 8; i < file.Length; i++)
        {
            byte[] changed = [.. file];
            changed[i] ^= 0x10;
            Assert.Throws<ImageFormatException>(() => ImageFile.Decode(changed));
        }
    }

    [Fact]
    public void A_header_alone_takes_no_memory()
    {
        var limits = new ImageLimits { MaximumPixels = long.MaxValue };
        foreach ((uint width, uint height, int depth) in new[] { (60000u, 60000u, 1), (16384u, 16384u, 8), (20_000u, 20_000u, 16) })
        {
            byte[] file = new PngBuilder().Header(width, height, depth, 0).Chunk("IDAT", GreyRow).End();
            Measured.AssertRefused(file, 1 << 20, limits);
            Measured.AssertRefused(file, 1 << 20, ImageLimits.Default);
        }
    }

    [Fact]
    public void Compressed_metadata_are_bounded()
    {
        byte[] bomb = [.. "x\0\0"u8, .. PngBuilder.Deflate(new byte[100 << 20])];
        byte[] file = Grey().Chunk("iCCP", bomb).Chunk("IDAT", GreyRow).End();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(ImageFile.Decode(file).Metadata.IccProfile);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80 << 20);
    }

    [Fact]
    public void Metadata_that_are_damaged_do_not_keep_the_picture_from_being_read()
    {
        byte[] file = Grey().Chunk("iCCP", 65, 0, 0, 1, 2, 3).Chunk("iCCP", 65, 0, 0, 0x78, 0xF9, 3, 4)
            .Chunk("gAMA", 1).Chunk("pHYs", 1).Chunk("cHRM").Chunk("sRGB", 9).Chunk("gAMA", 0, 0, 0xB1, 0x8F)
            .Chunk("IDAT", GreyRow).End();
        Image image = ImageFile.Decode(file);
        Assert.Equal([1, 2, 3, 4], image.Samples8);
        Assert.Null(image.Metadata.IccProfile);
        Assert.Null(image.Metadata.Density);
        Assert.Equal("gAMA", Assert.Single(image.Metadata.PngChunks).Type);

        // A wrong checksum costs the chunk and is said.
        int gamma = file.AsSpan().LastIndexOf("gAMA"u8);
        file[gamma + 4] ^= 1;
        image = ImageFile.Decode(file);
        Assert.Equal([1, 2, 3, 4], image.Samples8);
        Assert.Empty(image.Metadata.PngChunks);
        Assert.Equal("PNG: the gAMA chunk was left out: its checksum is wrong.", Assert.Single(image.Notes));
    }

    [Fact]
    public void Indices_beyond_the_palette_are_black()
    {
        byte[] file = new PngBuilder().Header(4, 1, 8, 3).Chunk("PLTE", 9, 8, 7, 6, 5, 4).Chunk("IDAT", GreyRow).End();
        Assert.Equal([6, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0], ImageFile.Decode(file).Samples8);
    }

    private static PngBuilder Grey() => new PngBuilder().Header(4, 1, 8, 0);
}
