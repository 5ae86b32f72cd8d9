using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cuda.Native;

/// <summary>A device (CUdevice); lives as long as the program.</summary>
internal readonly record struct CuDevice(int Value);

/// <summary>A context (CUcontext), borrowed from a <see cref="CuPrimaryContext"/>.</summary>
internal readonly record struct CuContext(nint Value);

/// <summary>A stream (CUstream). It belongs to its context, as all below do, and goes with it at the latest.</summary>
internal readonly record struct CuStream(nint Value);

/// <summary>A module (CUmodule).</summary>
internal readonly record struct CuModule(nint Value);

/// <summary>A kernel (CUfunction) of a module.</summary>
internal readonly record struct CuFunction(nint Value);

/// <summary>Launches and their order (CUgraph).</summary>
internal readonly record struct CuGraph(nint Value);

/// <summary>A graph that can be launched (CUgraphExec).</summary>
internal readonly record struct CuGraphExec(nint Value);

/// <summary>An event (CUevent).</summary>
internal readonly record struct CuEvent(nint Value);

/// <summary>An address in a device's memory (CUdeviceptr).</summary>
internal readonly record struct CuAddress(nint Value);

/// <summary>The primary context of a device, retained once.</summary>
internal sealed class CuPrimaryContext : SafeHandle
{
    private readonly CuDevice _device;

    public CuPrimaryContext(CuDevice device, CuContext context)
        : base(0, ownsHandle: true)
    {
        _device = device;
        SetHandle(context.Value);
    }

    public override bool IsInvalid => handle == 0;

    public CuContext Context => new(handle);

    protected override bool ReleaseHandle() => CuNative.cuDevicePrimaryCtxRelease(_device) == CuResult.CUDA_SUCCESS;
}
