using Gsasr.Tensors;

namespace Gsasr.Devices.Tests;

/// <summary>The kernels embedded in this test program.</summary>
internal static class SampleKernels
{
    public static KernelLibrary Library { get; } = new(typeof(SampleKernels).Assembly);

    public static KernelId AddScaled { get; } = Library["samples", "add_scaled"];

    public static KernelId SumGroups { get; } = Library["samples", "sum_groups"];

    public static KernelId WritePosition { get; } = Library["samples", "write_position"];

    public static KernelId MatrixProduct { get; } = Library["matrix-product", "matrix_product"];

    public static KernelId Broken { get; } = Library["broken", "broken"];

    public static KernelId MultiplyBfloat16 { get; } = Library["tensor-cores", "multiply_bfloat16"];

    public static KernelId Reverse { get; } = Library["tensor-cores", "reverse"];

    public static KernelId NativeFunctions { get; } = Library["mathematics", "native_functions"];
}
