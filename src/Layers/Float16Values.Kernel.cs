using Gsasr.Kernels;

namespace Gsasr.Layers;

/// <summary>Eight float16 that are loaded and stored at once, as float32.</summary>
internal static class Float16Values
{
    /// <summary>The first four.</summary>
    public static Float4 First(Int4 packed) => Unpack(packed.X, packed.Y);

    /// <summary>The last four.</summary>
    public static Float4 Second(Int4 packed) => Unpack(packed.Z, packed.W);

    /// <summary>Eight values, rounded.</summary>
    public static Int4 Pack(Float4 first, Float4 second) => new(
        TensorCores.PackFloat16(first.X, first.Y),
        TensorCores.PackFloat16(first.Z, first.W),
        TensorCores.PackFloat16(second.X, second.Y),
        TensorCores.PackFloat16(second.Z, second.W));

    private static Float4 Unpack(int low, int high)
    {
        Float2 first = TensorCores.UnpackFloat16(low);
        Float2 second = TensorCores.UnpackFloat16(high);
        return new Float4(first.X, first.Y, second.X, second.Y);
    }
}
