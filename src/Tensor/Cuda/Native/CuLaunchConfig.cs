using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cuda.Native;

/// <summary>How a kernel is launched (CUlaunchConfig).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CuLaunchConfig
{
    public uint GroupsX;
    public uint GroupsY;
    public uint GroupsZ;
    public uint GroupSizeX;
    public uint GroupSizeY;
    public uint GroupSizeZ;
    public uint DynamicSharedBytes;
    public CuStream Stream;
    public CuLaunchAttribute* Attributes;
    public uint AttributeCount;
}
