using System.Runtime.CompilerServices;

namespace Gsasr.Pipeline;

/// <summary>
/// How a picture that wraps is put together. It is drawn from <see cref="AxisFold.First"/> on, beyond its right and bottom edge, into its
/// repetition, whose first pixels become the picture's own first pixels. So both sides of an edge come from the same Gaussians. The
/// network's windows lie differently in the repetition, so the two ends of what is drawn differ a little; one fades into the other.
/// </summary>
/// <param name="Columns">From left to right.</param>
/// <param name="Rows">From top to bottom.</param>
internal readonly record struct PictureFold(AxisFold Columns, AxisFold Rows)
{
    /// <summary>The most pixels of the input that are drawn beyond an edge.</summary>
    public const int Reach = AxisFold.Place + AxisFold.HalfFade;

    /// <summary>Puts a row together.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="drawn">The row as it is drawn, from <see cref="AxisFold.First"/> to <see cref="AxisFold.End"/>.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="row">Receives the picture's row.</param>
    public void FoldRow<T>(ReadOnlySpan<T> drawn, int channels, Span<T> row)
        where T : unmanaged
    {
        int first = Columns.First;
        drawn[..((Columns.Size - first) * channels)].CopyTo(row[(first * channels)..]);
        ReadOnlySpan<T> again = drawn[((Columns.Size - first) * channels)..];
        again[..(first * channels)].CopyTo(row);
        for (int x = first; x < Columns.End - Columns.Size; x++)
            Fade(again.Slice(x * channels, channels), Columns.ShareOfFirst(x), row.Slice(x * channels, channels));
    }

    /// <summary>Mixes a row that is drawn the second time with what there is.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="again">What is drawn the second time.</param>
    /// <param name="share">The share of what there is.</param>
    /// <param name="row">What there is; receives the mixture.</param>
    public static void Fade<T>(ReadOnlySpan<T> again, float share, Span<T> row)
        where T : unmanaged
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = PixelConversion.Mix(again[i], row[i], share);
    }
}
