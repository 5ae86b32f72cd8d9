using System.Text.RegularExpressions;

namespace Gsasr.KernelCompiler;

/// <summary>
/// Mends an error in ILGPU's OpenCL C. When a block sets variables that depend on each other's old values, the code first copies an old
/// value into an extra variable. Other blocks then read that extra variable although they never set it. They mean the original variable,
/// which still has the value there. (The PTX is right.)
/// </summary>
internal static partial class KeptPhis
{
    /// <summary>Makes blocks that do not set an extra variable read the original one.</summary>
    public static string Correct(string text)
    {
        string[] lines = text.Split('\n');
        Dictionary<string, string> kept = FindKept(lines);
        var set = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < lines.Length; i++)
        {
            if (Label().IsMatch(lines[i]))
                set.Clear();
            Match move = Move().Match(lines[i]);
            if (!move.Success)
                continue;
            string target = move.Groups["target"].Value;
            string source = move.Groups["source"].Value;
            if (kept.ContainsKey(target))
                set.Add(target);
            else if (kept.TryGetValue(source, out string? original) && !set.Contains(source))
                lines[i] = $"\t{target} = {original};";
        }

        return string.Join('\n', lines);
    }

    // The extra variables, each with the original one. An extra variable is set just before the original; its declaration and these
    // assignments are all that it is used for.
    private static Dictionary<string, string> FindKept(string[] lines)
    {
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i + 1 < lines.Length; i++)
        {
            Match move = Move().Match(lines[i]);
            Match next = Move().Match(lines[i + 1]);
            if (move.Success && next.Success && move.Groups["source"].Value == next.Groups["target"].Value)
                kept.TryAdd(move.Groups["target"].Value, move.Groups["source"].Value);
        }

        foreach (string line in lines)
        {
            Match move = Move().Match(line);
            if (move.Success)
            {
                string target = move.Groups["target"].Value;
                if (kept.TryGetValue(target, out string? original) && original != move.Groups["source"].Value)
                    kept.Remove(target);
            }
            else if (!Declaration().IsMatch(line))
            {
                foreach (Match variable in Variable().Matches(line))
                    kept.Remove(variable.Value);
            }
        }

        return kept;
    }

    [GeneratedRegex(@"^\tL_\d+: ;$")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\t(?<target>var\d+) = (?<source>var\d+);$")]
    private static partial Regex Move();

    [GeneratedRegex(@"^\t(struct )?\w+\*? var\d+;$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\bvar\d+\b")]
    private static partial Regex Variable();
}
