using System.Globalization;
using System.Text.RegularExpressions;
using Gsasr.Kernels;

namespace Gsasr.KernelCompiler;

/// <summary>The corrections to ILGPU's PTX, each with its reason. Text that does not look as expected stops the build.</summary>
internal static partial class PtxText
{
    public static string Correct(string ptx, KernelAttribute attribute, string target)
    {
        string text = ptx.ReplaceLineEndings("\n");

        // ILGPU has no target after sm_80, and for this PTX version none before it. The text is right for those targets too.
        text = ReplaceOnce(text, ".target sm_80\n", $".target {target}\n");

        // The group size is exact, so the driver can compile for it; ILGPU only states it as a maximum.
        text = ReplaceOnce(text, $".maxntid {attribute.GroupSize}, 1, 1\n", $".reqntid {attribute.GroupSize}, 1, 1\n");

        // ILGPU assumes that the results of instructions, and of loops with branches, are the same in all work-items, and marks branches on
        // them as uniform. The mark is removed; the driver's compiler finds out by itself.
        text = ConditionalBranch().Replace(text, "${condition} bra\t");

        // Arrays in shared memory are aligned for their elements, but four elements are read at a time.
        text = SharedArray().Replace(text, match => $".shared .align 16 .b8 {match.Groups["rest"].Value}");

        // Methods that stand for instructions are also written as functions, which nothing calls.
        text = Function().Replace(text, "");

        // Names of parameters and labels contain a counter that differs from run to run.
        text = Numbers.Renumber(text, ParameterOrLabel());
        if (text.Contains("\tcall", StringComparison.Ordinal))
            throw new FormatException("it calls a function that ILGPU did not inline");
        if (text.Contains(".local ", StringComparison.Ordinal))
            throw new FormatException("an array is indexed by what is not a constant after unrolling, so that it would lie in local memory");
        return text;
    }

    /// <summary>Bytes of the static arrays in shared memory.</summary>
    public static int SharedBytes(string ptx) =>
        SharedSize().Matches(ptx).Sum(match => int.Parse(match.Groups["bytes"].Value, CultureInfo.InvariantCulture));

    private static string ReplaceOnce(string text, string old, string replacement)
    {
        int first = text.IndexOf(old, StringComparison.Ordinal);
        if (first < 0 || text.IndexOf(old, first + 1, StringComparison.Ordinal) >= 0)
            throw new FormatException($"ILGPU's PTX was expected to have '{old.TrimEnd()}' once");
        return text.Replace(old, replacement, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(?<condition>@!?%p\d+) bra\.uni\t")]
    private static partial Regex ConditionalBranch();

    [GeneratedRegex(@"^\.visible \.func [^;{]*(;|\{.*?^\})\n+", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Function();

    [GeneratedRegex(@"\.shared \.align \d+ \.b8 (?<rest>\S+\[)")]
    private static partial Regex SharedArray();

    [GeneratedRegex(@"\.shared \.align 16 \.b8 \S+\[(?<bytes>\d+)\]")]
    private static partial Regex SharedSize();

    [GeneratedRegex(@"(?<name>\b_\w*_|\bL_)(?<number>\d+)\b")]
    private static partial Regex ParameterOrLabel();
}
