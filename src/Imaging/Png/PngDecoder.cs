using System.IO.Compression;

namespace Gsasr.Imaging.Png;

/// <summary>Decodes PNG, after the PNG Specification (Third Edition) of the W3C.</summary>
internal static class PngDecoder
{
    // A deflate stream of n bytes holds at most 1032 n bytes: 258 from every 2 bits.
    private const int MaximumDeflateRatio = 1032;

    // Adam7: the first column and row of each pass, and the steps between its columns and rows.
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Decodes a file that begins with the PNG signature.</summary>
    public static Image Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        PngFile file = PngFile.Parse(bytes.Span);
        PngHeader header = file.Header;
        int channels = file.Layout.ChannelCount();
        limits.Check("PNG", header.Width, header.Height, file.Layout, header.BitDepth == 16 ? 16 : 8);
        CheckSizeAgainstData(file);

        using var zlib = new ZLibStream(new IdatStream(bytes, file.ImageData), CompressionMode.Decompress);
        int count = header.Width * header.Height * channels;
        Image image;
        if (header.BitDepth == 16)
        {
            ushort[] samples = new ushort[count];
            DecodePasses(zlib, file, samples);
            image = new Image(header.Width, header.Height, file.Layout, samples);
        }
        else
        {
            byte[] samples = new byte[count];
            DecodePasses(zlib, file, samples);
            image = new Image(header.Width, header.Height, file.Layout, samples);
        }
        image.Metadata = file.Metadata;
        return image;
    }

    // A header may claim any size; memory is taken only if the compressed data are long enough to hold so much.
    private static void CheckSizeAgainstData(PngFile file)
    {
        PngHeader header = file.Header;
        long compressed = 0;
        foreach ((_, int length) in file.ImageData)
            compressed += length;
        if (header.RowBytes(header.Width) >= Array.MaxLength)
            throw new ImageFormatException($"PNG: a row of {header.Width} pixels is too long to be read.");
        long needed = (header.RowBytes(header.Width) + 1) * header.Height;
        if (compressed * MaximumDeflateRatio < needed)
        {
            throw new ImageFormatException(
                $"PNG: {compressed} bytes of compressed data cannot hold {header.Width} x {header.Height} pixels: the file is damaged.");
        }
    }

    private static void DecodePasses<T>(Stream zlib, PngFile file, T[] samples)
        where T : unmanaged
    {
        PngHeader header = file.Header;
        int rowCapacity = (int)header.RowBytes(header.Width);
        byte[] filtered = new byte[rowCapacity + 1];
        byte[] row = new byte[rowCapacity];
        byte[] above = new byte[rowCapacity];
        var rows = new PngRows(file);
        try
        {
            if (!header.IsInterlaced)
            {
                DecodePass(zlib, rows, samples, (0, 0, 1, 1), filtered, row, above);
                return;
            }
            foreach ((int X, int Y, int StepX, int StepY) pass in Passes)
            {
                if (pass.X < header.Width && pass.Y < header.Height)
                    DecodePass(zlib, rows, samples, pass, filtered, row, above);
            }
        }
        // The data are in memory: an IOException too can only come from zlib, for a stream that wants a preset dictionary.
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw new ImageFormatException("PNG: the compressed pixel data are damaged.", exception);
        }
    }

    private static void DecodePass<T>(
        Stream zlib, PngRows rows, T[] samples, (int X, int Y, int StepX, int StepY) pass, byte[] filtered, byte[] row, byte[] above)
        where T : unmanaged
    {
        PngHeader header = rows.Header;
        int channels = rows.Channels;
        int passWidth = (header.Width - pass.X + pass.StepX - 1) / pass.StepX;
        int rowLength = (int)header.RowBytes(passWidth);
        T[] scratch = pass.StepX > 1 ? new T[passWidth * channels] : [];
        // The row above the first one counts as zeros; the two buffers change places after every row.
        Array.Clear(above);
        for (int y = pass.Y; y < header.Height; y += pass.StepY)
        {
            Span<byte> stored = filtered.AsSpan(0, rowLength + 1);
            if (zlib.ReadAtLeast(stored, stored.Length, throwOnEndOfStream: false) < stored.Length)
                throw new ImageFormatException($"PNG: the compressed pixel data end in row {y} of {header.Height}.");
            if (stored[0] > PngFilter.Paeth)
                throw new ImageFormatException($"PNG: unknown filter {stored[0]} in row {y}.");
            Span<byte> current = row.AsSpan(0, rowLength);
            PngFilter.Undo(stored[0], stored[1..], above, header.FilterDistance, current);

            Span<T> target = samples.AsSpan(y * header.Width * channels, header.Width * channels);
            if (pass.StepX == 1)
            {
                rows.Expand(current, target, y);
            }
            else
            {
                rows.Expand(current, scratch.AsSpan(), y);
                for (int i = 0, x = pass.X; i < passWidth; i++, x += pass.StepX)
                    scratch.AsSpan(i * channels, channels).CopyTo(target[(x * channels)..]);
            }
            (row, above) = (above, row);
        }
    }
}
