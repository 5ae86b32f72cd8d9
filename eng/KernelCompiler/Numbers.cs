using System.Globalization;
using System.Text.RegularExpressions;

namespace Gsasr.KernelCompiler;

/// <summary>Gives the counted names of a generated text numbers that are the same in every build.</summary>
internal static class Numbers
{
    /// <summary>Numbers names in the order in which they first appear.</summary>
    /// <param name="text">The text.</param>
    /// <param name="counted">Matches a name's constant part as "name" and its counter as "number".</param>
    public static string Renumber(string text, Regex counted)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        return counted.Replace(text, match =>
        {
            if (!numbers.TryGetValue(match.Value, out int number))
                numbers.Add(match.Value, number = numbers.Count);
            return match.Groups["name"].Value + number.ToString(CultureInfo.InvariantCulture);
        });
    }
}
