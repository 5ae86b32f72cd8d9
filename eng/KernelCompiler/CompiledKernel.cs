namespace Gsasr.KernelCompiler;

/// <summary>What a kernel was compiled into.</summary>
/// <param name="Entry">The kernel.</param>
/// <param name="Ptx">Its PTX.</param>
/// <param name="TuringPtx">Its PTX for hardware before sm_80, if that is another one; else null.</param>
/// <param name="OpenCl">Its OpenCL C; null if it is for NVIDIA hardware alone.</param>
/// <param name="SharedBytes">Bytes of static shared memory of a group.</param>
internal sealed record CompiledKernel(KernelEntry Entry, string Ptx, string? TuringPtx, string? OpenCl, int SharedBytes)
{
    /// <summary>Whether it may be started before the launch before it has ended (<see cref="Gsasr.Kernels.Launches"/>).</summary>
    public bool AwaitsEarlierLaunches => Ptx.Contains("griddepcontrol.wait", StringComparison.Ordinal);
}
