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
        Assert.Contains("the ALPH chunk is empty", Refusal(file), StringComparison.Ordinal);
    }

    private static byte[] Make(bool hasAlpha, string[] arguments)
    {
        Image photo = TestImages.Crop(FileKinds.Photo.Value, 37, 29);
        return Tool.Convert(TestImages.Encode(hasAlpha ? FileKinds.WithAlpha(photo) : photo, ImageFormat.Png), "webp", arguments);
    }

    private static string? Refusal(byte[] file)
    {
        try
        {
            ImageFile.Decode(file);
            return null;
        }
        catch (ImageFormatException e)
        {
            return e.Message;
        }
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
