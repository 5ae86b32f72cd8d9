using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cuda.Native;

/// <summary>An attribute of a launch whose value is a number (CUlaunchAttribute).</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal struct CuLaunchAttribute
{
    [FieldOffset(0)]
    public int Id;

    [FieldOffset(8)]
    public int Value;
}
