using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>
/// The same kernels in software, everywhere: their shapes, tails, packing and waiting, but not their texts in PTX, and sums that are rounded
/// once where hardware may round more often.
/// </summary>
[Collection(nameof(SoftwareGpu))]
public sealed class Float16InSoftwareTests : Float16Tests
{
    private protected override GpuDevice GetGpu() => SoftwareGpu.Shared;
}
