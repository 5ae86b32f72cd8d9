using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>As <see cref="Float16InSoftwareTests"/>, with the products that hardware before Hopper has.</summary>
[Collection(nameof(SoftwareGpu))]
public sealed class Float16ProductsOnAmpereInSoftwareTests : Float16ProductTests
{
    private protected override GpuDevice GetGpu() => SoftwareGpu.Ampere;
}
