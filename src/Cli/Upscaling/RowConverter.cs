using System.Runtime.InteropServices;

namespace Gsasr.Cli.Upscaling;

/// <summary>Takes drawn rows, converts them to the depth of the output, and hands them on.</summary>
/// <typeparam name="T">What a channel is: byte or ushort.</typeparam>
/// <param name="bitDepth">Bits of a channel of the output: 8 or 16, at most those of T.</param>
/// <param name="queue">Where the rows go.</param>
internal sealed class RowConverter<T>(int bitDepth, RowQueue queue)
    where T : unmanaged
{
    /// <summary>Takes rows.</summary>
    /// <param name="top">The first of them.</param>
    /// <param name="rows">The rows.</param>
    /// <exception cref="OperationCanceledException">They are not wanted any more.</exception>
    public void Take(int top, ReadOnlyPixelSpan<T> rows)
    {
        int rowBytes = checked(rows.Width * rows.Layout.ChannelCount() * (bitDepth / 8));
        int most = Math.Max(1, RowQueue.BandBytes / rowBytes);
        for (int first = 0; first < rows.Height; first += most)
        {
            int count = Math.Min(most, rows.Height - first);
            var band = new RowBand(count * rowBytes);
            for (int i = 0; i < count; i++)
                Copy(rows.Row(first + i), band.Bytes.Slice(i * rowBytes, rowBytes));
            queue.Add(band);
        }
    }

    private static void Copy(ReadOnlySpan<T> row, Span<byte> target)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(row);
        if (bytes.Length == target.Length)
        {
            bytes.CopyTo(target);
            return;
        }

        // 65535 / 255 is 257.
        ReadOnlySpan<ushort> samples = MemoryMarshal.Cast<T, ushort>(row);
        for (int i = 0; i < target.Length; i++)
            target[i] = (byte)((samples[i] + 128) / 257);
    }
}
