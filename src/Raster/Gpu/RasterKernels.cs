using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>The kernels of this assembly.</summary>
internal static class RasterKernels
{
    public static KernelLibrary Library { get; } = new(typeof(RasterKernels).Assembly);
}
