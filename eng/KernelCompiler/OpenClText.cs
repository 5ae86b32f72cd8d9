using System.Text.RegularExpressions;
using Gsasr.Kernels;

namespace Gsasr.KernelCompiler;

/// <summary>
/// The corrections that make ILGPU's OpenCL C version 1.2, each with its reason. Text that does not look as expected stops the build.
/// </summary>
internal static partial class OpenClText
{
    public static string Correct(string source, KernelAttribute attribute)
    {
        string text = source.ReplaceLineEndings("\n");

        // Adds the group size, so that drivers compile for it and check it at the launch.
        text = Kernel().Replace(text, $"__attribute__((reqd_work_group_size({attribute.GroupSize}, 1, 1)))\nkernel void Kernel_", 1);

        // The barrier of OpenCL C 2.0. ILGPU makes it a fence for global memory, but groups wait for shared memory.
        text = Barrier().Replace(text, "barrier(CLK_LOCAL_MEM_FENCE)");

        // The atomics of OpenCL C 2.0, with a cast that would lose the address space.
        text = Atomic().Replace(text, "atomic_${operation}(${pointer}");

        // Arrays in shared memory are aligned for their elements, but four elements are read at a time.
        text = LocalArray().Replace(text, "${declaration} __attribute__((aligned(16)));");

        // Variables that are read although they were never set.
        text = KeptPhis.Correct(text);

        // Names of types and labels contain a counter that differs from run to run.
        text = Numbers.Renumber(text, TypeOrLabel());
        if (!text.Contains("reqd_work_group_size", StringComparison.Ordinal))
            throw new FormatException("ILGPU's OpenCL C was expected to have one kernel function");
        Match unknown = NewerThan12().Match(text);
        return unknown.Success ? throw new FormatException($"'{unknown.Value}' is no OpenCL C 1.2") : text;
    }

    [GeneratedRegex(@"^kernel void Kernel_", RegexOptions.Multiline)]
    private static partial Regex Kernel();

    [GeneratedRegex(@"work_group_barrier \( CLK_GLOBAL_MEM_FENCE \)")]
    private static partial Regex Barrier();

    [GeneratedRegex(@"atomic_fetch_(?<operation>\w+) \(\(atomic_u?int\*\)(?<pointer>\w+)")]
    private static partial Regex Atomic();

    [GeneratedRegex(@"(?<declaration>^\s*local [^;(=]+\]);", RegexOptions.Multiline)]
    private static partial Regex LocalArray();

    [GeneratedRegex(@"\b(?<name>type_|L_)(?<number>\d+)")]
    private static partial Regex TypeOrLabel();

    [GeneratedRegex(@"\b(__generic|work_group_\w+|atomic_fetch_\w+|atomic_\w+_explicit|sub_group_\w+)\b|\(atomic_\w+\s?\*\)")]
    private static partial Regex NewerThan12();
}
