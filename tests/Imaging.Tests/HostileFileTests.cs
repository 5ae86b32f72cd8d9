using System.Buffers.Binary;
using System.Diagnostics;

namespace Gsasr.Imaging.Tests;

/// <summary>Files that are cut off, that claim more than they have, or that are made to fill the memory.</summary>
public class HostileFileTests
{
    public static TheoryData<string> Everything() =>
        [.. FileKinds.All.Select(kind => kind.Name), "PNG", "interlaced PNG", "JPEG", "progressive JPEG", "plain PPM", "PBM", "PPM"];

    [Theory]
    [MemberData(nameof(Everything))]
    public void Every_truncation_is_refused(string name)
    {
        byte[] file = Make(name);
        Assert.Equal(37, ImageFile.Decode(file).Width);
        for (int length = 0; length < file.Length - Spare(name); length++)
        {
            try
            {
                ImageFile.Decode(file.AsMemory(0, length));
            }
            catch (ImageFormatException)
            {
                continue;
            }

            Assert.Fail($"{name} of {file.Length} bytes was read without what follows byte {length}.");
        }
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void A_size_of_60000_takes_no_memory(string name)
    {
        byte[] file = Make(name);
        var limits = new ImageLimits { MaximumPixels = 1L << 40 };
        if (name is "plain PPM" or "PPM" or "PBM")
            file = [.. System.Text.Encoding.ASCII.GetBytes($"P{(char)file[1]} 60000 60000 {(name == "PBM" ? "" : "255 ")}"), .. file[20..]];
        else
            SetSize(file, name);
        Measured.AssertRefused(file, 1 << 20, ImageLimits.Default);
        Measured.AssertRefused(file, 1 << 20, limits);
    }

    // The memory that is not the garbage collector's counts here too, in a process of its own: this program, told to run the test above alone.
    [Fact]
    public async Task Sizes_of_60000_take_no_memory_of_the_process_either()
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Gsasr.Imaging.Tests.exe" : "Gsasr.Imaging.Tests"),
            ["-method", $"{typeof(HostileFileTests).FullName}.{nameof(A_size_of_60000_takes_no_memory)}", "-noColor"])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        long peak = 0;
        while (!process.WaitForExit(10))
        {
            process.Refresh();
            if (!process.HasExited)
                peak = Math.Max(peak, process.PeakWorkingSet64);
        }

        Assert.True(process.ExitCode == 0, await output);
        Assert.Contains("Failed: 0", await output, StringComparison.Ordinal);
        Assert.InRange(peak, 20L << 20, 200L << 20);
    }

    [Fact]
    public void Few_bytes_make_no_large_picture_unless_somebody_vouches_for_them()
    {
        // 4097 x 4097 white pixels of one bit.
        byte[] rows = new byte[4097 * (1 + 513)];
        byte[] file = new PngBuilder().Header(4097, 4097, 1, 0).Chunk("IDAT", PngBuilder.Deflate(rows)).End();
        var refusal = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file));
        Assert.Contains("more than the limit of 256 pixels a byte", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, ImageLimits.ForPixels(4097 * 4096)));
        Assert.Equal(4097, ImageFile.Decode(file, ImageLimits.ForPixels(4097 * 4097)).Width);
    }

    [Fact]
    public void More_compressed_pixels_than_the_picture_has_are_not_kept()
    {
        byte[] bomb = PngBuilder.Deflate(new byte[200 << 20]);
        byte[] file = new PngBuilder().Header(4, 1, 8, 0).Chunk("IDAT", bomb).End();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(4, ImageFile.Decode(file).Width);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Bytes_that_are_no_pixels_do_not_vouch_for_them()
    {
        byte[] rows = new byte[4097 * (1 + 513)];
        byte[] file = new PngBuilder().Header(4097, 4097, 1, 0).Chunk("tEXt", new byte[1 << 20]).Chunk("IDAT", PngBuilder.Deflate(rows)).End();
        Measured.AssertRefused(file, 2 << 20, ImageLimits.Default);
    }

    [Fact]
    public void Metadata_that_come_again_and_again_take_neither_time_nor_notes()
    {
        const int Times = 30_000;
        var content = new MemoryStream();
        byte[] bomb = [.. "x\0\0"u8, .. PngBuilder.Deflate(new byte[8 << 20])];
        byte[] xmpBomb = [.. "XML:com.adobe.xmp\0\u0001\0\0\0"u8, .. PngBuilder.Deflate(new byte[8 << 20])];
        content.Write(new PngBuilder().Header(4, 1, 8, 0).Unfinished());
        Repeat(Times, "tEXt", []);
        Repeat(Times, "gAMA", [0, 0, 0xB1, 0x8F]);
        Repeat(Times, "acTL", new byte[8]);
        Repeat(1000, "iCCP", bomb);
        Repeat(1000, "iTXt", xmpBomb);
        int wrong = (int)content.Length;
        Repeat(Times, "teSt", []);
        content.Write(new PngBuilder().Chunk("IDAT", PngBuilder.Deflate([0, 1, 2, 3, 4])).End().AsSpan(8));
        byte[] file = content.ToArray();
        for (int i = 0; i < Times; i++)
            file[wrong + 12 * i + 11] ^= 1;

        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        Image image = ImageFile.Decode(file);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 150 << 20);
        Assert.Equal(Times + 1, image.Metadata.PngChunks.Count);
        Assert.Equal(8 << 20, image.Metadata.IccProfile!.Length);
        Assert.Equal(8 << 20, image.Metadata.Xmp!.Length);
        Assert.Equal(
            ["PNG: the file is an animation; its still picture was read.", $"PNG: {Times} chunks were left out, the first of them teSt: their checksums are wrong."],
            image.Notes);

        void Repeat(int times, string type, byte[] data)
        {
            byte[] chunk = new PngBuilder().Chunk(type, data).Unfinished()[8..];
            for (int i = 0; i < times; i++)
                content.Write(chunk);
        }
    }

    [Fact]
    public void A_TIFF_has_no_palette_of_millions_of_colours()
    {
        (int Tag, int Type, int Value)[] entries =
            [(256, 3, 4), (257, 3, 4), (258, 3, 24), (259, 3, 8), (262, 3, 3), (273, 4, 8), (277, 3, 1), (278, 3, 4), (279, 4, 8), (320, 3, 0)];
        using var file = new MemoryStream();
        using (var writer = new BinaryWriter(file, System.Text.Encoding.Latin1, leaveOpen: true))
        {
            writer.Write("II*\0"u8);
            writer.Write(16);
            writer.Write([0x78, 0x9C, 3, 0, 0, 0, 0, 1]);
            writer.Write((short)entries.Length);
            foreach ((int tag, int type, int value) in entries)
            {
                writer.Write((short)tag);
                writer.Write((short)type);
                writer.Write(1);
                writer.Write(value);
            }

            writer.Write(0);
        }

        Measured.AssertRefused(file.ToArray(), 1 << 20, ImageLimits.Default);
    }

    [Theory]
    [InlineData(1, 100, true)]
    [InlineData(4, 100, true)]
    [InlineData(5, 100, false)]
    [InlineData(65536, 100, false)]
    [InlineData(65536, 200_000, false)]
    public void A_lossless_WebP_has_no_more_groups_of_prefix_codes_than_blocks_of_pixels(int groups, int dataBytes, bool isRead)
    {
        byte[] file = LosslessWebP(8, 8, groups, dataBytes);
        if (isRead)
            Assert.Equal(Enumerable.Repeat(new byte[] { 200, 100, 50 }, 64).SelectMany(pixel => pixel), ImageFile.Decode(file).Samples8);
        else
            Measured.AssertRefused(file, 1 << 20, ImageLimits.Default);
    }

    [Theory]
    [InlineData(4096, 10_400, true)]
    [InlineData(4096, 10_200, false)]
    [InlineData(4097, 20_000, false)]
    public void Bytes_back_the_groups_of_a_lossless_WebP(int groups, int dataBytes, bool isRead)
    {
        byte[] file = LosslessWebP(400, 400, groups, dataBytes);
        if (isRead)
            Assert.Equal(400, ImageFile.Decode(file).Width);
        else
            Measured.AssertRefused(file, 2 << 20, ImageLimits.Default);
    }

    [Fact]
    public void A_PNG_takes_the_memory_of_its_picture()
    {
        byte[] file = TestImages.Encode(TestImages.Generate(1000, 700, ChannelLayout.Rgba, 16, 1), ImageFormat.Png);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image image = ImageFile.Decode(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, image.Samples16.Length * 2 + (1 << 18));
    }

    [Fact]
    public void Compressed_text_is_kept_as_it_is()
    {
        byte[] bomb = [.. "Note\0\0"u8, .. PngBuilder.Deflate(new byte[100 << 20])];
        byte[] xmpBomb = [.. "XML:com.adobe.xmp\0\u0001\0\0\0"u8, .. PngBuilder.Deflate(new byte[100 << 20])];
        byte[] file = new PngBuilder().Header(4, 1, 8, 0).Chunk("zTXt", bomb).Chunk("iTXt", xmpBomb)
            .Chunk("IDAT", PngBuilder.Deflate([0, 1, 2, 3, 4])).End();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image image = ImageFile.Decode(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80 << 20);
        Assert.Equal(bomb, Assert.Single(image.Metadata.PngChunks).Data);
        Assert.Null(image.Metadata.Xmp);
    }

    // A picture of one colour, whose blocks of 4 x 4 pixels all use the last of so many groups of prefix codes.
    private static byte[] LosslessWebP(int width, int height, int groups, int dataBytes)
    {
        byte[] data = new byte[dataBytes];
        int position = 0;
        Put(0x2F, 8);
        Put(width - 1, 14);
        Put(height - 1, 14);
        // No alpha, version 0, no transform, no cache of colours; groups, for blocks of 4 x 4; no cache of colours for their numbers.
        Put(0, 6);
        Put(1, 1);
        Put(0, 4);
        Colour((groups - 1) >> 8, (groups - 1) & 0xFF, 0);
        for (int i = 0; i < 5 * (groups - 1); i++)
            Put(0b0001, 4);
        Colour(200, 100, 50);
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("RIFF"u8);
        writer.Write(12 + dataBytes);
        writer.Write("WEBPVP8L"u8);
        writer.Write(dataBytes);
        writer.Write(data);
        return file.ToArray();

        // Five prefix codes of one symbol each: green, red, blue, alpha, distance.
        void Colour(int red, int green, int blue)
        {
            foreach (int symbol in new[] { green, red, blue, 255 })
            {
                Put(0b101, 3);
                Put(symbol, 8);
            }

            Put(0b0001, 4);
        }

        // What does not fit is cut off.
        void Put(int value, int bits)
        {
            for (int i = 0; i < bits && position < 8 * dataBytes; i++, position++)
                data[position / 8] |= (byte)((value >> i & 1) << position % 8);
        }
    }

    private static byte[] Make(string name)
    {
        Image image = TestImages.Crop(FileKinds.Photo.Value, 37, 29);
        byte[] png = TestImages.Encode(image, ImageFormat.Png);
        return name switch
        {
            "PNG" => png,
            "interlaced PNG" => Tool.Convert(png, "png", "-interlace", "PNG", "+set", "date:create", "+set", "date:modify"),
            "JPEG" => TestImages.Encode(image, ImageFormat.Jpeg),
            "progressive JPEG" => Tool.Cjpeg(image, "-progressive"),
            "plain PPM" => Tool.Convert(png, "ppm", "-compress", "None"),
            "PPM" => TestImages.Encode(image, ImageFormat.Pnm),
            "PBM" => Tool.Convert(png, "pbm"),
            _ => FileKinds.Find(name).Make(),
        };
    }

    // What may be missing at a file's end without harm: white space; the last digits of a number; a TGA's footer; a date behind the pixels.
    private static int Spare(string name) => name switch
    {
        "plain PPM" => 6,
        _ when name.Contains("TGA", StringComparison.Ordinal) => 26,
        _ => 0,
    };

    private static void SetSize(byte[] file, string name)
    {
        switch (name)
        {
            case "PNG" or "interlaced PNG":
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 60000);
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 60000);
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), PngBuilder.Crc(file[12..29]));
                break;
            case "JPEG" or "progressive JPEG":
                int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, name == "JPEG" ? (byte)0xC0 : (byte)0xC2]);
                BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 60000);
                BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 60000);
                break;
            case "lossy WebP" or "lossy WebP with alpha":
                // 14 bits hold no more.
                int start = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A]);
                file.AsSpan(start + 3, 4).Fill(0xFF);
                if (file.AsSpan(12).StartsWith("VP8X"u8))
                    (file[24], file[25], file[27], file[28]) = (0xFE, 0x3F, 0xFE, 0x3F);
                break;
            case "lossless WebP" or "lossless WebP with alpha":
                int data = file.AsSpan().IndexOf("VP8L"u8) + 9;
                (file[data], file[data + 1], file[data + 2], file[data + 3]) = (0xFF, 0xFF, 0xFF, (byte)(file[data + 3] | 0x0F));
                if (file.AsSpan(12).StartsWith("VP8X"u8))
                    (file[24], file[25], file[27], file[28]) = (0xFF, 0x3F, 0xFF, 0x3F);
                break;
            case "GIF" or "GIF with transparency":
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(6), 60000);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), 60000);
                break;
            case "BMP of version 2":
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), 60000);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(20), 60000);
                break;
            case var _ when name.StartsWith("BMP", StringComparison.Ordinal):
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), 60000);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), 60000);
                break;
            case var _ when name.Contains("TGA", StringComparison.Ordinal):
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(12), 60000);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(14), 60000);
                break;
            default:
                SetTiffSize(file);
                break;
        }
    }

    private static void SetTiffSize(byte[] file)
    {
        bool little = file[0] == 'I';
        int directory = Read(4, 4), count = Read(directory, 2);
        for (int i = 0; i < count; i++)
        {
            int entry = directory + 2 + 12 * i;
            if (Read(entry, 2) is not (256 or 257))
                continue;
            int size = Read(entry + 2, 2) == 3 ? 2 : 4;
            for (int b = 0; b < 4; b++)
                file[entry + 8 + (little ? b : size - 1 - b & 3)] = b < size ? (byte)(60000 >> (8 * b)) : (byte)0;
        }

        int Read(int position, int bytes)
        {
            int value = 0;
            for (int b = 0; b < bytes; b++)
                value |= file[position + (little ? b : bytes - 1 - b)] << (8 * b);
            return value;
        }
    }
}
