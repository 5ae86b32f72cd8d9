using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Gsasr.Imaging.Formats;

/// <summary>Writes chunks of PNG files.</summary>
internal static class PngChunks
{
    /// <summary>The keyword of the text chunk that holds XMP.</summary>
    public const string XmpKeyword = "XML:com.adobe.xmp";

    /// <summary>Writes a chunk.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="type">Its four letters.</param>
    /// <param name="data">Its content.</param>
    public static void Write(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[8], checksum = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(head, data.Length);
        type.CopyTo(head[4..]);
        var crc = new Crc32();
        crc.Append(type);
        crc.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(checksum, crc.GetCurrentHashAsUInt32());
        stream.Write(head);
        stream.Write(data);
        stream.Write(checksum);
    }

    /// <summary>Writes the chunks of an image's metadata, which follow the header.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="metadata">The metadata.</param>
    /// <param name="layout">The image's channels; a profile for other channels is left out.</param>
    public static void WriteMetadata(Stream stream, ImageMetadata metadata, ChannelLayout layout)
    {
        bool hasProfile = metadata.IccProfile is { } profile && IccProfile.Matches(profile, layout);
        if (hasProfile)
        {
            using var content = new MemoryStream();
            content.Write("ICC profile\0\0"u8);
            using (var zlib = new ZLibStream(content, CompressionLevel.Optimal, leaveOpen: true))
                zlib.Write(metadata.IccProfile);
            Write(stream, "iCCP"u8, content.GetBuffer().AsSpan(0, (int)content.Length));
        }

        // A profile and an sRGB chunk together are forbidden by the standard.
        foreach ((string type, byte[] data) in metadata.PngChunks.Where(chunk => chunk.Type != "sRGB" || !hasProfile))
            Write(stream, Encoding.ASCII.GetBytes(type), data);
        if (metadata.Density is { } density)
        {
            Span<byte> data = stackalloc byte[9];
            BinaryPrimitives.WriteUInt32BigEndian(data, density.Horizontal);
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], density.Vertical);
            data[8] = density.IsPerMetre ? (byte)1 : (byte)0;
            Write(stream, "pHYs"u8, data);
        }

        if (metadata.Exif is { } exif)
            Write(stream, "eXIf"u8, exif);
        if (metadata.Xmp is { } xmp)
            Write(stream, "iTXt"u8, [.. Encoding.ASCII.GetBytes(XmpKeyword), 0, 0, 0, 0, 0, .. xmp]);
    }
}
