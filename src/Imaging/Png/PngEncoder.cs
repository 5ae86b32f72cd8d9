using System.Buffers.Binary;
using System.IO.Compression;

namespace Gsasr.Imaging.Png;

/// <summary>Encodes PNG: not interlaced, 8 or 16 bits, every row with the filter that leaves the smallest residuals.</summary>
internal static class PngEncoder
{
    /// <summary>Encodes an image of any layout and depth.</summary>
    public static void Encode(Stream stream, Image image, ImageWriteOptions options)
    {
        stream.Write(PngChunks.Signature);
        WriteHeader(stream, image);
        WriteMetadata(stream, image);
        var idat = new IdatWriter(stream);
        PngCompressor.Compress(idat, image, options.PngCompressionLevel);
        idat.Flush();
        PngChunkWriter.Write(stream, "IEND"u8, []);
    }

    private static void WriteHeader(Stream stream, Image image)
    {
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = (byte)image.BitDepth;
        header[9] = (byte)(image.Layout switch
        {
            ChannelLayout.Grey => PngColourType.Grey,
            ChannelLayout.GreyAlpha => PngColourType.GreyAlpha,
            ChannelLayout.Rgb => PngColourType.Rgb,
            _ => PngColourType.Rgba,
        });
        header[10..].Clear();
        PngChunkWriter.Write(stream, "IHDR"u8, header);
    }

    private static void WriteMetadata(Stream stream, Image image)
    {
        ImageMetadata metadata = image.Metadata;
        Span<byte> data = stackalloc byte[9];
        if (metadata.PngGamma is { } gamma)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data, gamma);
            PngChunkWriter.Write(stream, "gAMA"u8, data[..4]);
        }
        if (metadata.PngChromaticities is { } chromaticities)
            PngChunkWriter.Write(stream, "cHRM"u8, chromaticities);
        // A file must not have both an sRGB chunk and a profile; the profile says more.
        if (metadata.IccProfile is { } profile && IccProfiles.Suits(profile, image.Layout))
            PngChunkWriter.Write(stream, "iCCP"u8, CompressProfile(profile));
        else if (metadata.PngSrgbIntent is { } intent)
            PngChunkWriter.Write(stream, "sRGB"u8, [intent]);
        if (metadata.Density is { } density)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data, density.Horizontal);
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], density.Vertical);
            data[8] = density.IsPerMetre ? (byte)1 : (byte)0;
            PngChunkWriter.Write(stream, "pHYs"u8, data);
        }
        if (metadata.Exif is { } exif)
            PngChunkWriter.Write(stream, "eXIf"u8, exif);
    }

    private static byte[] CompressProfile(byte[] profile)
    {
        using var chunk = new MemoryStream();
        chunk.Write("ICC profile\0\0"u8);
        using (var zlib = new ZLibStream(chunk, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(profile);
        return chunk.ToArray();
    }
}
