using System.Globalization;
using System.Text;

namespace Gsasr.Layers.Tests;

/// <summary>Comparisons of results with references.</summary>
internal static class Expect
{
    private const int DifferencesShown = 5;

    /// <summary>Fails unless every value is as near to its reference as the reference says.</summary>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">The result.</param>
    /// <param name="channels">Channels of the result, to name places by pixel and channel.</param>
    public static void Near(ReadOnlySpan<Bounded> expected, ReadOnlySpan<float> actual, int channels)
    {
        Assert.Equal(expected.Length, actual.Length);
        int wrong = 0;
        double largest = 0;
        var message = new StringBuilder();
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(actual[i] - expected[i].Value);
            largest = double.IsNaN(difference) ? difference : Math.Max(largest, difference);
            if (difference <= expected[i].Error)
                continue;

            if (wrong++ < DifferencesShown)
            {
                (double value, double error) = expected[i];
                string place = $"pixel {i / channels}, channel {i % channels}";
                message.AppendLine(CultureInfo.InvariantCulture, $"  {place}: {actual[i]:g9}, not {value:g9} +- {error:e1}");
            }
        }

        if (wrong > 0)
            Assert.Fail($"{wrong} of {expected.Length} values are wrong, by up to {largest:e2}:\n{message}");
    }

    /// <summary>Fails unless all values have the same bits.</summary>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">The result.</param>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToUInt32Bits(expected[i]) != BitConverter.SingleToUInt32Bits(actual[i]))
                Assert.Fail($"Value {i} is {actual[i]:g9}, not {expected[i]:g9}, a difference of {actual[i] - expected[i]:e2}.");
        }
    }
}
