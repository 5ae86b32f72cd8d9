using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// What a kernel does about the launches before and after it, on NVIDIA hardware from Hopper on (target sm_90 and later). A kernel that calls
/// <see cref="AwaitEarlier"/> may be started while the launch before it still runs. The bodies in C# are for tests that run kernels on the processor, one
/// after the other.
/// </summary>
public static class Launches
{
    /// <summary>
    /// Waits until everything that was launched before has ended and its writes can be seen (but for what runs beside, in a chain of its own). All items call it, before they read what launches write, and
    /// before they write anything at all. Weights can be read before.
    /// </summary>
    [Instruction("griddepcontrol.wait;", null), IntrinsicImplementation]
    public static void AwaitEarlier()
    {
    }

    /// <summary>The next launch may start when all groups have called this or ended.</summary>
    [Instruction("griddepcontrol.launch_dependents;", null), IntrinsicImplementation]
    public static void AllowNext()
    {
    }
}
