using System.Text;
using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Reads what OpenCL tells of its objects.</summary>
internal static unsafe class ClQuery
{
    public static string PlatformText(ClPlatform platform, uint name)
    {
        nuint size;
        ClCheck.Check(ClNative.clGetPlatformInfo(platform, name, 0, null, &size), "clGetPlatformInfo", "query an OpenCL platform");
        var bytes = new byte[size];
        fixed (byte* p = bytes)
            ClCheck.Check(ClNative.clGetPlatformInfo(platform, name, size, p, null), "clGetPlatformInfo", "query an OpenCL platform");
        return ToText(bytes);
    }

    public static string DeviceText(ClDeviceId device, uint name)
    {
        nuint size;
        ClCheck.Check(ClNative.clGetDeviceInfo(device, name, 0, null, &size), "clGetDeviceInfo", "query an OpenCL device");
        var bytes = new byte[size];
        fixed (byte* p = bytes)
            ClCheck.Check(ClNative.clGetDeviceInfo(device, name, size, p, null), "clGetDeviceInfo", "query an OpenCL device");
        return ToText(bytes);
    }

    public static T DeviceValue<T>(ClDeviceId device, uint name)
        where T : unmanaged
    {
        T value;
        ClCheck.Check(ClNative.clGetDeviceInfo(device, name, (nuint)sizeof(T), &value, null), "clGetDeviceInfo", "query an OpenCL device");
        return value;
    }

    public static string BuildLog(ClProgram program, ClDeviceId device)
    {
        nuint size;
        if (ClNative.clGetProgramBuildInfo(program, device, ClConstants.CL_PROGRAM_BUILD_LOG, 0, null, &size) != ClResult.CL_SUCCESS)
            return "(the driver keeps no log)";
        var bytes = new byte[size];
        fixed (byte* p = bytes)
        {
            return ClNative.clGetProgramBuildInfo(program, device, ClConstants.CL_PROGRAM_BUILD_LOG, size, p, null) == ClResult.CL_SUCCESS
                ? ToText(bytes)
                : "(the driver keeps no log)";
        }
    }

    public static T KernelValue<T>(ClKernel kernel, uint name)
        where T : unmanaged
    {
        T value;
        ClCheck.Check(ClNative.clGetKernelInfo(kernel, name, (nuint)sizeof(T), &value, null), "clGetKernelInfo", "query a kernel");
        return value;
    }

    public static void KernelWorkGroupValue<T>(ClKernel kernel, ClDeviceId device, uint name, Span<T> values)
        where T : unmanaged
    {
        fixed (T* p = values)
        {
            ClResult result = ClNative.clGetKernelWorkGroupInfo(kernel, device, name, (nuint)(values.Length * sizeof(T)), p, null);
            ClCheck.Check(result, "clGetKernelWorkGroupInfo", "query a kernel");
        }
    }

    private static string ToText(byte[] bytes) => Encoding.UTF8.GetString(bytes).TrimEnd('\0').Trim();
}
