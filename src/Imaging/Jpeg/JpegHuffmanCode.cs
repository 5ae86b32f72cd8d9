namespace Gsasr.Imaging.Jpeg;

/// <summary>How often each symbol occurs in an image.</summary>
internal sealed class JpegHuffmanStatistics
{
    public long[] Dc { get; } = new long[256];

    public long[] Ac { get; } = new long[256];
}

/// <summary>A Huffman code for writing.</summary>
internal sealed class JpegHuffmanCode
{
    private const int MaximumLength = 16;

    private JpegHuffmanCode(byte[] countsByLength, byte[] symbols)
    {
        CountsByLength = countsByLength;
        Symbols = symbols;
        int code = 0;
        int index = 0;
        for (int length = 1; length <= MaximumLength; length++)
        {
            for (int i = 0; i < countsByLength[length - 1]; i++)
            {
                Codes[symbols[index]] = code++;
                Lengths[symbols[index++]] = length;
            }
            code <<= 1;
        }
    }

    /// <summary>The number of codes of 1 to 16 bits, as in a DHT segment.</summary>
    public byte[] CountsByLength { get; }

    /// <summary>The symbols in the order of their codes.</summary>
    public byte[] Symbols { get; }

    /// <summary>By symbol: its code.</summary>
    public int[] Codes { get; } = new int[256];

    /// <summary>By symbol: the bits of its code, 0 where it has none.</summary>
    public int[] Lengths { get; } = new int[256];

    /// <summary>The best code of at most 16 bits whose all-ones code stays unused (ITU-T T.81, annex K.2).</summary>
    /// <param name="frequencies">How often each of 256 symbols occurs.</param>
    public static JpegHuffmanCode Optimal(ReadOnlySpan<long> frequencies)
    {
        int[] symbols = SymbolsByFrequency(frequencies);
        // The rarest entry of all stands for the all-ones code and is given to nobody.
        long[] weights = [0, .. symbols.Select(symbol => 0L)];
        for (int i = 0; i < symbols.Length; i++)
            weights[i + 1] = frequencies[symbols[i]];
        int[] counts = CountLengths(weights);
        LimitLengths(counts);
        int longest = Array.FindLastIndex(counts, count => count > 0);
        counts[longest]--;

        byte[] countsByLength = new byte[MaximumLength];
        for (int length = 1; length <= MaximumLength; length++)
            countsByLength[length - 1] = (byte)counts[length];
        Array.Reverse(symbols);
        return new JpegHuffmanCode(countsByLength, Array.ConvertAll(symbols, symbol => (byte)symbol));
    }

    private static int[] SymbolsByFrequency(ReadOnlySpan<long> frequencies)
    {
        var symbols = new List<(long Frequency, int Symbol)>();
        for (int symbol = 0; symbol < frequencies.Length; symbol++)
        {
            if (frequencies[symbol] > 0)
                symbols.Add((frequencies[symbol], symbol));
        }
        symbols.Sort();
        return [.. symbols.Select(entry => entry.Symbol)];
    }

    // Huffman's algorithm on rising weights: the number of leaves at each depth. One symbol and the reserved entry are two at least.
    private static int[] CountLengths(long[] weights)
    {
        int leaves = weights.Length;
        // Nodes made by merging come in rising order too, so the two lightest are always at the heads of two queues.
        long[] nodeWeights = new long[2 * leaves - 1];
        int[] parents = new int[2 * leaves - 1];
        weights.CopyTo(nodeWeights, 0);
        int nextLeaf = 0, nextNode = leaves;
        for (int node = leaves; node < parents.Length; node++)
        {
            for (int child = 0; child < 2; child++)
            {
                bool takeLeaf = nextLeaf < leaves && (nextNode >= node || nodeWeights[nextLeaf] <= nodeWeights[nextNode]);
                int taken = takeLeaf ? nextLeaf++ : nextNode++;
                parents[taken] = node;
                nodeWeights[node] += nodeWeights[taken];
            }
        }
        int[] depths = new int[parents.Length];
        int[] counts = new int[Math.Max(leaves, MaximumLength) + 1];
        for (int node = parents.Length - 2; node >= 0; node--)
        {
            depths[node] = depths[parents[node]] + 1;
            if (node < leaves)
                counts[depths[node]]++;
        }
        return counts;
    }

    // Figure K.3: a pair of codes that are too long becomes one that is a bit shorter, and the other one joins a shorter code.
    private static void LimitLengths(int[] counts)
    {
        for (int length = counts.Length - 1; length > MaximumLength; length--)
        {
            while (counts[length] > 0)
            {
                int shorter = length - 2;
                while (counts[shorter] == 0)
                    shorter--;
                counts[length] -= 2;
                counts[length - 1]++;
                counts[shorter + 1] += 2;
                counts[shorter]--;
            }
        }
    }
}
