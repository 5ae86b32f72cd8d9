using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>An event in a CUDA stream.</summary>
internal sealed unsafe class CudaEvent : GpuEvent
{
    private readonly CudaDevice _device;
    private CuEvent _event;

    public CudaEvent(CudaDevice device, CuEvent recorded)
    {
        _device = device;
        _event = recorded;
    }

    public override double MillisecondsSince(GpuEvent start)
    {
        using GpuDevice.UseScope use = _device.Use();
        _device.MakeCurrent();
        _device.Check(CuNative.cuEventSynchronize(_event), "cuEventSynchronize", "wait for a point in time");
        float milliseconds;
        CuResult result = CuNative.cuEventElapsedTime(&milliseconds, ((CudaEvent)start)._event, _event);
        _device.Check(result, "cuEventElapsedTime", "measure time");
        return milliseconds;
    }

    protected override void Dispose(bool disposing)
    {
        // With the device its context goes, and all events with it.
        if (!disposing || _event.Value == 0 || !_device.TryBeginUse())
            return;
        try
        {
            _device.Destroy(_event);
            _event = default;
        }
        finally
        {
            _device.EndUse();
        }
    }
}
