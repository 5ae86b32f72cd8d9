using System.Runtime.InteropServices;

namespace Gsasr.Tensors.OpenCl.Native;

/// <summary>A platform (cl_platform_id); lives as long as the program.</summary>
internal readonly record struct ClPlatform(nint Value);

/// <summary>A device (cl_device_id); lives as long as the program.</summary>
internal readonly record struct ClDeviceId(nint Value);

/// <summary>An object of the driver that is counted and released once.</summary>
internal abstract class ClHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;
}

/// <summary>A context (cl_context).</summary>
internal sealed class ClContext : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseContext(handle) == ClResult.CL_SUCCESS;
}

/// <summary>A command queue (cl_command_queue).</summary>
internal sealed class ClQueue : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseCommandQueue(handle) == ClResult.CL_SUCCESS;
}

/// <summary>A memory object (cl_mem).</summary>
internal sealed class ClMemory : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseMemObject(handle) == ClResult.CL_SUCCESS;
}

/// <summary>A program (cl_program).</summary>
internal sealed class ClProgram : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseProgram(handle) == ClResult.CL_SUCCESS;
}

/// <summary>A kernel (cl_kernel) with the arguments last set.</summary>
internal sealed class ClKernel : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseKernel(handle) == ClResult.CL_SUCCESS;
}

/// <summary>An event (cl_event).</summary>
internal sealed class ClEvent : ClHandle
{
    protected override bool ReleaseHandle() => ClNative.clReleaseEvent(handle) == ClResult.CL_SUCCESS;
}
