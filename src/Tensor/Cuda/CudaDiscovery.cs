using System.Runtime.InteropServices;
using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>Finds the NVIDIA GPUs that can run the kernels, and says why others cannot.</summary>
internal static unsafe class CudaDiscovery
{
    // The oldest driver that reads the PTX of modules without a target of their own and has all functions that are called here.
    private const int NeededDriverVersion = 11000;

    /// <summary>The usable GPUs, numbered in the order in which the driver lists them.</summary>
    /// <param name="refusals">Receives what cannot be used.</param>
    public static List<CudaCandidate> Find(List<DeviceRefusal> refusals)
    {
        var candidates = new List<CudaCandidate>();
        if (!DriverLibrary.TryLoad(DriverLibrary.Cuda, out string? reason))
        {
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, "CUDA", reason, RefusalCause.Absent));
            return candidates;
        }

        try
        {
            AddDevices(candidates, refusals);
        }
        catch (Exception e) when (e is DeviceException or EntryPointNotFoundException)
        {
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, "CUDA", DriverLibrary.Describe(e), RefusalCause.Failed));
        }

        return candidates;
    }

    private static void AddDevices(List<CudaCandidate> candidates, List<DeviceRefusal> refusals)
    {
        CuResult result = CuNative.cuInit(0);
        if (result == CuResult.CUDA_ERROR_NO_DEVICE)
        {
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, "CUDA", "the driver found no GPU", RefusalCause.Absent));
            return;
        }

        CuCheck.Check(result, "cuInit", "start the CUDA driver");
        int version;
        CuCheck.Check(CuNative.cuDriverGetVersion(&version), "cuDriverGetVersion", "query the CUDA driver");
        if (version < NeededDriverVersion)
        {
            string reason = $"the driver is too old: it supports CUDA {FormatVersion(version)}, not {FormatVersion(NeededDriverVersion)}";
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, "CUDA", reason, RefusalCause.Unsuitable));
            return;
        }

        int count;
        CuCheck.Check(CuNative.cuDeviceGetCount(&count), "cuDeviceGetCount", "list the CUDA devices");
        for (int ordinal = 0; ordinal < count; ordinal++)
            AddDevice(ordinal, version, candidates, refusals);
    }

    private static void AddDevice(int ordinal, int driverVersion, List<CudaCandidate> candidates, List<DeviceRefusal> refusals)
    {
        CuDevice device;
        CuCheck.Check(CuNative.cuDeviceGet(&device, ordinal), "cuDeviceGet", "query a CUDA device");
        const int NameLength = 256;
        byte* nameBytes = stackalloc byte[NameLength];
        CuCheck.Check(CuNative.cuDeviceGetName(nameBytes, NameLength, device), "cuDeviceGetName", "query a CUDA device");
        string name = Marshal.PtrToStringUTF8((nint)nameBytes) ?? "?";
        int major = Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        int minor = Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        if (!NvidiaTarget.Turing.RunsOn(major, minor))
        {
            string reason = $"its compute capability is {major}.{minor}; " +
                $"{NvidiaTarget.Turing.Major}.{NvidiaTarget.Turing.Minor} is needed";
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, name, reason, RefusalCause.Unsuitable));
            return;
        }

        if (Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_COMPUTE_MODE) == CuConstants.CU_COMPUTEMODE_PROHIBITED)
        {
            refusals.Add(new DeviceRefusal(DeviceKind.Cuda, name, "its compute mode is set to prohibited", RefusalCause.Unsuitable));
            return;
        }

        nuint memory;
        CuCheck.Check(CuNative.cuDeviceTotalMem(&memory, device), "cuDeviceTotalMem", "query a CUDA device");
        var description = new DeviceDescription(
            DeviceKind.Cuda, candidates.Count, name, (long)memory, $"CUDA {FormatVersion(driverVersion)}", IsGpu: true)
        {
            ComputeCapability = new NvidiaTarget(major, minor, IsExact: false),
        };
        int localMemory = Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        int processorLocalMemory = Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
        int processors = Attribute(device, CuConstants.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        candidates.Add(new CudaCandidate(device, description, major, minor, driverVersion, localMemory, processorLocalMemory, processors));
    }

    private static int Attribute(CuDevice device, int attribute)
    {
        int value;
        CuCheck.Check(CuNative.cuDeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute", "query a CUDA device");
        return value;
    }

    private static string FormatVersion(int version) => $"{version / 1000}.{version % 1000 / 10}";
}
