namespace Gsasr.Layers;

/// <summary>
/// Channels in groups of equal size, each filled up with zeros. Layers of float16 take channels by eights and attention heads of 16 or 32,
/// so that weights of other sizes are filled up when they are loaded. What a layer computes for such channels is zero again.
/// </summary>
/// <param name="Groups">The groups, such as the heads of attention.</param>
/// <param name="Size">Channels of a group.</param>
/// <param name="PaddedSize">The same with the zeros.</param>
internal readonly record struct PaddedChannels(int Groups, int Size, int PaddedSize)
{
    /// <summary>Channels of all groups.</summary>
    public int Count => Groups * Size;

    /// <summary>The same with the zeros.</summary>
    public int PaddedCount => Groups * PaddedSize;

    /// <summary>Puts the zeros into a tensor.</summary>
    /// <param name="values">[outer, Count, inner].</param>
    /// <param name="outer">What lies outside the channels.</param>
    /// <param name="inner">What each channel has.</param>
    /// <returns>[outer, PaddedCount, inner]; the same values if there is nothing to fill up.</returns>
    public float[] Pad(float[] values, int outer = 1, int inner = 1)
    {
        if (values.Length != (long)outer * Count * inner)
            throw new ArgumentException($"{values.Length} values do not fit {outer} x {Count} x {inner}.", nameof(values));
        if (PaddedSize == Size)
            return values;
        var padded = new float[checked(outer * PaddedCount * inner)];
        for (int group = 0; group < outer * Groups; group++)
            values.AsSpan(group * Size * inner, Size * inner).CopyTo(padded.AsSpan(group * PaddedSize * inner));
        return padded;
    }
}
