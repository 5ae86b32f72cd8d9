using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Gsasr.Imaging.Formats;

/// <summary>Writes chunks of PNG files.</summary>
internal static class PngMetadataChunks
{
    /// <summary>The keyword of the text that is XMP.</summary>
    public const string XmpKeyword = "XML:com.adobe.xmp";

    /// <summary>Appends a chunk to a file.</summary>
    public static void WriteChunk(Stream stream, string type, params ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        stream.Write(chunk);
    }

    /// <summary>The chunks of an image's metadata, as they stand behind the header.</summary>
    public static byte[] Write(Image image)
    {
        using var stream = new MemoryStream();
        ImageMetadata metadata = image.Metadata;
        bool hasProfile = metadata.IccProfile is { } profile && IccProfile.Suits(profile, image.Layout);
        if (hasProfile)
        {
            using var content = new MemoryStream();
            content.Write("ICC profile\0\0"u8);
            using (var zlib = new ZLibStream(content, CompressionLevel.Optimal, leaveOpen: true))
                zlib.Write(metadata.IccProfile);
            WriteChunk(stream, "iCCP", content.ToArray());
        }

        // A profile and an sRGB chunk would say the same thing twice, and the standard forbids it.
        foreach ((string type, byte[] data) in metadata.PngChunks.Where(chunk => chunk.Type != "sRGB" || !hasProfile))
            WriteChunk(stream, type, data);
        if (metadata.Density is { } density)
        {
            Span<byte> data = stackalloc byte[9];
            BinaryPrimitives.WriteUInt32BigEndian(data, density.Horizontal);
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], density.Vertical);
            data[8] = density.IsPerMetre ? (byte)1 : (byte)0;
            WriteChunk(stream, "pHYs", data);
        }

        if (metadata.Exif is { } exif)
            WriteChunk(stream, "eXIf", exif);
        if (metadata.Xmp is { } xmp)
            WriteChunk(stream, "iTXt", [.. Encoding.ASCII.GetBytes(XmpKeyword), 0, 0, 0, 0, 0, .. xmp]);
        return stream.ToArray();
    }
}
