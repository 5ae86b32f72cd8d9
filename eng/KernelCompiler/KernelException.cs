namespace Gsasr.KernelCompiler;

/// <summary>A kernel that cannot be compiled; the message is the line that MSBuild shows.</summary>
internal sealed class KernelException : Exception
{
    public KernelException(string file, int line, string kernel, string reason)
        : base($"{file}({line}): error KERNEL: {kernel}: {reason.ReplaceLineEndings(" ")}")
    {
    }
}
