using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>A marker in an OpenCL queue.</summary>
internal sealed unsafe class OpenClEvent : GpuEvent
{
    private readonly OpenClDevice _device;
    private readonly ClEvent _marker;

    public OpenClEvent(OpenClDevice device, ClEvent marker)
    {
        _device = device;
        _marker = marker;
    }

    public override double MillisecondsSince(GpuEvent start) => (Nanoseconds() - (double)((OpenClEvent)start).Nanoseconds()) * 1e-6;

    protected override void Dispose(bool disposing) => _marker.Dispose();

    private ulong Nanoseconds()
    {
        using GpuDevice.UseScope use = _device.Use();
        nint handle = _marker.DangerousGetHandle();
        ClCheck.Check(ClNative.clWaitForEvents(1, &handle), "clWaitForEvents", "wait for a point in time");
        ulong time;
        ClResult result = ClNative.clGetEventProfilingInfo(_marker, ClConstants.CL_PROFILING_COMMAND_END, sizeof(ulong), &time, null);
        ClCheck.Check(result, "clGetEventProfilingInfo", "read a point in time");
        GC.KeepAlive(this);
        return time;
    }
}
