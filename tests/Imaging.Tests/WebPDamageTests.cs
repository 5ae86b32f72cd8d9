using System.Buffers.Binary;
using System.Text;

namespace Gsasr.Imaging.Tests;

/// <summary>WebP files whose container is right and whose pixels are not all there.</summary>
public class WebPDamageTests
{
    [Fact]
    public void A_lossy_picture_with_alpha_and_an_odd_number_of_bytes_is_read()
    {
        byte[] file = Make(true, []);
        byte[] odd = Change(file, "VP8 ", data => [.. data, .. new byte[1 - data.Length % 2]]);
        Assert.Equal(1, Chunks(odd).Single(chunk => chunk.Type == "VP8 ").Data.Length % 2);
        Assert.Equal(Tool.DecodeWithImageMagick(file), Tool.DecodeWithImageMagick(odd));
        TestImages.AssertSame(ImageFile.Decode(file), ImageFile.Decode(odd));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_empty_alpha_channel_is_refused(int length)
    {
        byte[] file = Change(Make(true, []), "ALPH", data => data[..length]);
        Assert.Contains("the ALPH chunk is empty", TestImages.Refusal(file), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Kinds() => new()
    {
        { "VP8L", "photo" }, { "VP8L", "photo with alpha" }, { "VP8L", "2 colours" }, { "VP8L", "4 colours" }, { "VP8L", "16 colours" },
        { "VP8L", "200 colours" }, { "VP8L", "noise" }, { "VP8L", "one pixel" }, { "VP8L", "large" }, { "VP8L", "fast" }, { "ALPH", "lossy" }, { "ALPH", "lossy with soft alpha" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Lossless_data_cut_short_anywhere_are_refused(string type, string name)
    {
        byte[] file = Make(name);
        TestImages.AssertSame(ImageFile.Decode(file), ImageFile.Decode(Change(file, type, data => [.. data, 1, 2, 3])));
        int length = Chunks(file).Single(chunk => chunk.Type == type).Data.Length;
        int step = Math.Max(1, length / 400);
        for (int cut = length % step; cut < length; cut += step)
        {
            string? message = TestImages.Refusal(Change(file, type, data => data[..cut]));
            // An encoder may add a byte of which no bit is needed.
            Assert.True(message is not null || cut == length - 1, $"{name} of {length} bytes was read without those behind {cut}.");
            if (message is null)
                Assert.Equal(Tool.DecodeWithImageMagick(file), Tool.DecodeWithImageMagick(Change(file, type, data => data[..cut])));
            else if (cut > 20)
                Assert.Contains("the compressed data end", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lossy_data_without_their_last_partition_are_refused(int partitions)
    {
        byte[] file = Make(false, ["-resize", "150x120!", "-define", $"webp:partitions={partitions}", "-define", "webp:segments=4", "-define", "webp:method=1"]);
        byte[] data = Chunks(file).Single(chunk => chunk.Type == "VP8 ").Data;
        int sizes = 10 + ((data[0] | data[1] << 8 | data[2] << 16) >> 5), others = (1 << partitions) - 1;
        int last = sizes + 3 * others + Enumerable.Range(0, others).Sum(i => data[sizes + 3 * i] | data[sizes + 3 * i + 1] << 8 | data[sizes + 3 * i + 2] << 16);
        Assert.Equal(150, ImageFile.Decode(file).Width);
        Assert.Null(TestImages.Refusal(Change(file, "VP8 ", whole => whole[..(last + 2)])));
        for (int cut = 10; cut <= last; cut++)
            Assert.Contains("a partition of the pixels is missing", TestImages.Refusal(Change(file, "VP8 ", whole => whole[..cut])), StringComparison.Ordinal);
    }

    [Fact]
    public void An_uncompressed_alpha_channel_cut_short_is_refused()
    {
        byte[] plane = [0, .. new byte[37 * 29]];
        byte[] file = Change(Make(true, []), "ALPH", _ => plane);
        Assert.Equal(0, ImageFile.Decode(file).Samples8[3]);
        Assert.Contains("has 1072 bytes", TestImages.Refusal(Change(file, "ALPH", _ => plane[..^1])), StringComparison.Ordinal);
    }

    private static byte[] Make(string name)
    {
        string[] lossless = ["-define", "webp:lossless=true"];
        return name switch
        {
            "photo" => Make(false, lossless),
            "photo with alpha" => Make(true, lossless),
            "noise" => Tool.Convert(TestImages.Encode(TestImages.Generate(50, 40, ChannelLayout.Rgba, 8, 1), ImageFormat.Png), "webp", lossless),
            "one pixel" => Make(false, ["-crop", "1x1+3+3", "+repage", .. lossless]),
            "large" => Make(false, ["-resize", "500x400!", .. lossless]),
            "fast" => Make(false, ["-define", "webp:method=0", .. lossless]),
            "lossy" => Make(true, []),
            "lossy with soft alpha" => Make(true, ["-resize", "150x120!", "-channel", "A", "-blur", "0x3", "-define", "webp:alpha-filtering=2"]),
            _ => Make(false, ["+dither", "-colors", name.Split(' ')[0], .. lossless]),
        };
    }

    private static byte[] Make(bool hasAlpha, string[] arguments)
    {
        Image photo = TestImages.Crop(FileKinds.Photo.Value, 37, 29);
        return Tool.Convert(TestImages.Encode(hasAlpha ? FileKinds.WithAlpha(photo) : photo, ImageFormat.Png), "webp", arguments);
    }

    // The file with another content of a chunk, and lengths that fit it.
    private static byte[] Change(byte[] file, string type, Func<byte[], byte[]> change)
    {
        byte[] chunks = [.. Chunks(file).SelectMany(chunk => Written(chunk.Type, chunk.Type == type ? change(chunk.Data) : chunk.Data))];
        return [.. "RIFF"u8, .. BitConverter.GetBytes(4 + chunks.Length), .. "WEBP"u8, .. chunks];

        static byte[] Written(string type, byte[] data) => [.. Encoding.ASCII.GetBytes(type), .. BitConverter.GetBytes(data.Length), .. data, .. new byte[data.Length & 1]];
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] file)
    {
        var chunks = new List<(string, byte[])>();
        for (int position = 12; position < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(position + 4));
            chunks.Add((Encoding.ASCII.GetString(file.AsSpan(position, 4)), file[(position + 8)..(position + 8 + length)]));
            position += 8 + length + (length & 1);
        }

        return chunks;
    }
}
