using System.Globalization;

namespace Gsasr.Cli.Upscaling;

/// <summary>Amounts of memory as people write them.</summary>
internal static class ByteSize
{
    private const string Units = "KMGT";

    /// <summary>Reads an amount such as 512M, 2G or 1.5GiB; each unit is 1024 times the one before.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Bytes; null if the text is no amount, or more than a computer can have.</returns>
    public static long? Parse(string text)
    {
        string number = text.EndsWith("iB", StringComparison.Ordinal) ? text[..^2] : text;
        int unit = number.Length == 0 ? -1 : Units.IndexOf(char.ToUpperInvariant(number[^1]), StringComparison.Ordinal);
        if (unit < 0
            || !double.TryParse(number[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
        {
            return null;
        }

        double bytes = value * Math.Pow(1024, unit + 1);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : null;
    }
}
