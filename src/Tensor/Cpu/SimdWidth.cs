using System.Runtime.Intrinsics;

namespace Gsasr.Tensors.Cpu;

/// <summary>The widest vectors of floats that this processor computes with; settings of the .NET runtime can make them narrower.</summary>
internal static class SimdWidth
{
    /// <summary>Floats in a vector: 16, 8, 4, or 1 where there are no vector instructions.</summary>
    public static int Floats =>
        Vector512.IsHardwareAccelerated ? 16 :
        Vector256.IsHardwareAccelerated ? 8 :
        Vector128.IsHardwareAccelerated ? 4 : 1;

    /// <summary>The width in words, for people to read.</summary>
    public static string Description => Floats == 1 ? "scalar" : $"{Floats * 32}-bit vectors";
}
