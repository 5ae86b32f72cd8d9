namespace Gsasr.Bench;

/// <summary>How far many values are from what they should be.</summary>
internal static class RelativeError
{
    /// <summary>The norm of the difference, as a share of the norm of what was expected.</summary>
    /// <param name="expected">What was expected.</param>
    /// <param name="actual">As many values.</param>
    public static double Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length)
            throw new ArgumentException($"There are {actual.Length} values, and {expected.Length} were expected.", nameof(actual));
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow(expected[i] - (double)actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        return Math.Sqrt(difference / norm);
    }
}
