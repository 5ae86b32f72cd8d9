using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Turns the compressed pixels of a PNG into an image, row by row, so that only the image is in memory. Small depths are scaled to 8 bits,
/// palettes are looked up, and a transparent colour becomes alpha.
/// </summary>
/// <param name="depth">The bits of a stored sample.</param>
/// <param name="storedChannels">The samples of a stored pixel.</param>
/// <param name="colours">For a file with a palette, the channels of all colours that an index of this depth can name; else empty.</param>
/// <param name="colourKey">The stored samples of the colour that is transparent; else empty.</param>
internal sealed class PngRows(int depth, int storedChannels, byte[] colours, ushort[] colourKey)
{
    // Adam7: the first column and row of each pass, and the steps between its columns and rows.
    private static readonly (int Left, int Top, int StepX, int StepY)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    private readonly int _distance = Math.Max(1, depth * storedChannels / 8);

    /// <summary>Reads all rows.</summary>
    /// <param name="zlib">The compressed pixels.</param>
    /// <param name="image">The image to fill.</param>
    /// <param name="interlaced">Whether the rows come in the passes of Adam7.</param>
    /// <exception cref="ImageFormatException">The data end early or are damaged.</exception>
    public void Read(Stream zlib, Image image, bool interlaced)
    {
        using var inflated = new ZLibStream(zlib, CompressionMode.Decompress);
        try
        {
            foreach ((int Left, int Top, int StepX, int StepY) pass in interlaced ? Adam7 : [(0, 0, 1, 1)])
            {
                if (pass.Left < image.Width && pass.Top < image.Height)
                    ReadPass(inflated, image, pass);
            }
        }
        // The data are in memory, so an IOException can only come from zlib, for a stream that wants a preset dictionary.
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new ImageFormatException("PNG: the compressed pixel data are damaged.", e);
        }
    }

    /// <summary>The bytes that a stored row takes, without its filter.</summary>
    public long RowBytes(int width) => ((long)width * depth * storedChannels + 7) / 8;

    private void ReadPass(ZLibStream inflated, Image image, (int Left, int Top, int StepX, int StepY) pass)
    {
        int width = (image.Width - pass.Left + pass.StepX - 1) / pass.StepX;
        int pixelBytes = image.ChannelCount * image.BitDepth / 8;
        byte[] filtered = new byte[RowBytes(width) + 1];
        // The row above the first one counts as zeros. The two buffers are swapped after every row.
        byte[] row = new byte[filtered.Length - 1], above = new byte[row.Length];
        byte[] samples = new byte[width * storedChannels * image.BitDepth / 8];
        byte[] apart = pass.StepX > 1 ? new byte[width * pixelBytes] : [];
        for (int y = pass.Top; y < image.Height; y += pass.StepY)
        {
            if (inflated.ReadAtLeast(filtered, filtered.Length, throwOnEndOfStream: false) < filtered.Length)
                throw new ImageFormatException($"PNG: the compressed pixel data end in row {y} of {image.Height}.");
            if (filtered[0] > PngFilter.Paeth)
                throw new ImageFormatException($"PNG: unknown filter {filtered[0]} in row {y}: the file is damaged.");
            PngFilter.Undo(filtered[0], filtered.AsSpan(1), above, _distance, row);
            if (pass.StepX == 1)
            {
                Expand(row, samples, image.RowBytes(y));
            }
            else
            {
                Expand(row, samples, apart);
                Span<byte> target = image.RowBytes(y)[(pass.Left * pixelBytes)..];
                for (int x = 0; x < width; x++)
                    apart.AsSpan(x * pixelBytes, pixelBytes).CopyTo(target[(x * pass.StepX * pixelBytes)..]);
            }

            (row, above) = (above, row);
        }
    }

    private void Expand(ReadOnlySpan<byte> row, Span<byte> samples, Span<byte> target)
    {
        bool isDirect = colours.Length == 0 && colourKey.Length == 0;
        samples = isDirect ? target : samples;
        if (depth == 16)
            SwapBytes(MemoryMarshal.Cast<byte, ushort>(row), MemoryMarshal.Cast<byte, ushort>(samples));
        else if (depth == 8)
            row.CopyTo(samples);
        else
            Unpack(row, samples);

        if (colours.Length > 0)
            LookUp(samples, target);
        else if (!isDirect && depth == 16)
            AddAlpha(MemoryMarshal.Cast<byte, ushort>(samples), MemoryMarshal.Cast<byte, ushort>(target), colourKey, ushort.MaxValue);
        else if (!isDirect)
            AddAlpha(samples, target, Array.ConvertAll(colourKey, value => (byte)(value * Step)), byte.MaxValue);
    }

    // The distance of neighbouring values of a sample that has less than 8 bits and is no index.
    private int Step => colours.Length > 0 ? 1 : byte.MaxValue / ((1 << depth) - 1);

    // Samples are packed from the most significant bit.
    private void Unpack(ReadOnlySpan<byte> row, Span<byte> samples)
    {
        int mask = (1 << depth) - 1, step = Step;
        for (int x = 0, bit = 0; x < samples.Length; x++, bit += depth)
            samples[x] = (byte)((row[bit >> 3] >> (8 - depth - (bit & 7)) & mask) * step);
    }

    private void LookUp(ReadOnlySpan<byte> indices, Span<byte> target)
    {
        int channels = target.Length / indices.Length;
        for (int x = 0; x < indices.Length; x++)
            colours.AsSpan(indices[x] * channels, channels).CopyTo(target[(x * channels)..]);
    }

    private static void SwapBytes(ReadOnlySpan<ushort> stored, Span<ushort> samples)
    {
        stored.CopyTo(samples);
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(samples, samples);
    }

    private static void AddAlpha<T>(ReadOnlySpan<T> source, Span<T> target, ReadOnlySpan<T> key, T opaque)
        where T : struct, IEquatable<T>
    {
        for (; !source.IsEmpty; source = source[key.Length..], target = target[(key.Length + 1)..])
        {
            ReadOnlySpan<T> pixel = source[..key.Length];
            pixel.CopyTo(target);
            target[key.Length] = pixel.SequenceEqual(key) ? default : opaque;
        }
    }
}
