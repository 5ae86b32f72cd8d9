using System.Globalization;
using System.Text;

namespace Gsasr.Checkpoints;

/// <summary>Shows text from a file of unknown origin in a message: short, and without anything a terminal would act on.</summary>
internal static class Quote
{
    private const int LongestShown = 100;

    /// <summary>The text in quotation marks, control characters as \uXXXX, cut after 100 characters.</summary>
    public static string Name(string text)
    {
        var shown = new StringBuilder("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, LongestShown)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format)
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                shown.Append(c);
        }

        return shown.Append(text.Length > LongestShown ? "...'" : "'").ToString();
    }
}
