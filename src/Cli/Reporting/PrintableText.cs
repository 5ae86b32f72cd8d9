using System.Globalization;
using System.Text;

namespace Gsasr.Cli.Reporting;

/// <summary>Text that is safe to show on a terminal or in a log, whatever it contains.</summary>
internal static class PrintableText
{
    /// <summary>
    /// The text, in which each character that moves a cursor, ends a line, turns the direction of writing or is invalid is replaced by its
    /// number, such as \u001b. File names and messages of libraries can contain such characters.
    /// </summary>
    /// <param name="text">The text, of one line.</param>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder? escaped = null;
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = char.IsSurrogatePair(text, i);
            if (!isPair && IsUnprintable(text[i]))
            {
                escaped ??= new StringBuilder(text, 0, i, text.Length + 16);
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
            else
            {
                escaped?.Append(text, i, isPair ? 2 : 1);
            }

            if (isPair)
                i++;
        }

        return escaped?.ToString() ?? text;
    }

    // Half a surrogate pair is no character. Of the format characters only those that turn the direction matter; others join letters.
    private static bool IsUnprintable(char c) =>
        char.IsControl(c) || char.IsSurrogate(c)
        || c is '\u061c' or '\u200e' or '\u200f' or '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
