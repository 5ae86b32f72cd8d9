namespace Gsasr.Samples;

/// <summary>How many frames took how long.</summary>
internal sealed class FrameHistogram
{
    private const int Bars = 12;
    private const int LongestBar = 50;

    private readonly List<double> _milliseconds = [];

    /// <summary>Counts a frame.</summary>
    /// <param name="milliseconds">How long it took.</param>
    public void Add(double milliseconds) => _milliseconds.Add(milliseconds);

    /// <summary>Writes the median, the slowest hundredth, and a bar for each stretch of time.</summary>
    /// <param name="output">Where to write.</param>
    public void Write(TextWriter output)
    {
        double[] sorted = [.. _milliseconds.Order()];
        if (sorted.Length == 0)
            return;
        output.WriteLine(FormattableString.Invariant(
            $"median {sorted[sorted.Length / 2]:0.00} ms, 99 of 100 within {sorted[(int)(0.99 * (sorted.Length - 1))]:0.00} ms, slowest {sorted[^1]:0.00} ms"));
        double step = Math.Max(1e-3, (sorted[^1] - sorted[0]) / Bars);
        int[] counts = new int[Bars];
        foreach (double time in sorted)
            counts[Math.Min(Bars - 1, (int)((time - sorted[0]) / step))]++;
        for (int i = 0; i < Bars; i++)
        {
            output.WriteLine(FormattableString.Invariant(
                $"{sorted[0] + i * step,9:0.00} ms {counts[i],6} {new string('#', (counts[i] * LongestBar + counts.Max() - 1) / counts.Max())}"));
        }
    }
}
