using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Finds the OpenCL devices that can run the kernels, and says why others cannot.</summary>
internal static unsafe class OpenClDiscovery
{
    // What all kernels rely on.
    private const ulong NeededLocalMemoryBytes = 32 << 10;
    private const ulong NeededWorkGroupSize = 256;

    private static readonly Lock s_gate = new();

    /// <summary>The usable devices of all platforms, numbered in the order in which the loader lists them.</summary>
    /// <param name="refusals">Receives what cannot be used.</param>
    public static List<OpenClCandidate> Find(List<DeviceRefusal> refusals)
    {
        var candidates = new List<OpenClCandidate>();
        if (!DriverLibrary.TryLoad(DriverLibrary.OpenCl, out string? reason))
        {
            refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, "OpenCL", reason, RefusalCause.Absent));
            return candidates;
        }

        // Some drivers start up at the first call, and give half-made devices to a second thread that calls meanwhile.
        lock (s_gate)
            AddPlatforms(candidates, refusals);
        return candidates;
    }

    private static void AddPlatforms(List<OpenClCandidate> candidates, List<DeviceRefusal> refusals)
    {
        try
        {
            ClPlatform[] platforms = Platforms();
            if (platforms.Length == 0)
                refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, "OpenCL", "the loader found no driver", RefusalCause.Absent));
            foreach (ClPlatform platform in platforms)
                AddDevices(platform, candidates, refusals);
        }
        catch (Exception e) when (e is DeviceException or EntryPointNotFoundException)
        {
            refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, "OpenCL", DriverLibrary.Describe(e), RefusalCause.Failed));
        }
    }

    private static ClPlatform[] Platforms()
    {
        uint count;
        ClResult result = ClNative.clGetPlatformIDs(0, null, &count);
        if (result == ClResult.CL_PLATFORM_NOT_FOUND_KHR)
            return [];
        ClCheck.Check(result, "clGetPlatformIDs", "list the OpenCL platforms");
        var platforms = new ClPlatform[count];
        fixed (ClPlatform* p = platforms)
        {
            if (count > 0)
                ClCheck.Check(ClNative.clGetPlatformIDs(count, p, null), "clGetPlatformIDs", "list the OpenCL platforms");
        }

        return platforms;
    }

    private static void AddDevices(ClPlatform platform, List<OpenClCandidate> candidates, List<DeviceRefusal> refusals)
    {
        string platformName = "an OpenCL platform";
        try
        {
            platformName = ClQuery.PlatformText(platform, ClConstants.CL_PLATFORM_NAME);
            string platformVersion = ClQuery.PlatformText(platform, ClConstants.CL_PLATFORM_VERSION);
            ClDeviceId[] devices = Devices(platform);
            if (devices.Length == 0)
                refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, platformName, "this OpenCL driver found no device", RefusalCause.Absent));
            foreach (ClDeviceId device in devices)
            {
                string name = ClQuery.DeviceText(device, ClConstants.CL_DEVICE_NAME);
                if (Deficiency(device) is string deficiency)
                {
                    refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, $"{name} ({platformName})", deficiency, RefusalCause.Unsuitable));
                    continue;
                }

                string driverVersion = ClQuery.DeviceText(device, ClConstants.CL_DRIVER_VERSION);
                var description = new DeviceDescription(
                    DeviceKind.OpenCl,
                    candidates.Count,
                    name,
                    (long)Math.Min(ClQuery.DeviceValue<ulong>(device, ClConstants.CL_DEVICE_GLOBAL_MEM_SIZE), long.MaxValue),
                    $"{platformName} {driverVersion}",
                    (ClQuery.DeviceValue<ulong>(device, ClConstants.CL_DEVICE_TYPE) & ClConstants.CL_DEVICE_TYPE_GPU) != 0);
                string fingerprint = string.Join(
                    '\n',
                    platformName,
                    platformVersion,
                    ClQuery.DeviceText(device, ClConstants.CL_DEVICE_VENDOR),
                    name,
                    ClQuery.DeviceText(device, ClConstants.CL_DEVICE_VERSION),
                    driverVersion);
                ulong localMemoryBytes = ClQuery.DeviceValue<ulong>(device, ClConstants.CL_DEVICE_LOCAL_MEM_SIZE);
                int processors = (int)ClQuery.DeviceValue<uint>(device, ClConstants.CL_DEVICE_MAX_COMPUTE_UNITS);
                candidates.Add(new OpenClCandidate(platform, device, description, fingerprint, localMemoryBytes, processors));
            }
        }
        catch (DeviceException e)
        {
            // One broken driver must not hide the devices of the others.
            refusals.Add(new DeviceRefusal(DeviceKind.OpenCl, platformName, e.Message.TrimEnd('.'), RefusalCause.Failed));
        }
    }

    private static ClDeviceId[] Devices(ClPlatform platform)
    {
        uint count;
        ClResult result = ClNative.clGetDeviceIDs(platform, ClConstants.CL_DEVICE_TYPE_ALL, 0, null, &count);
        if (result == ClResult.CL_DEVICE_NOT_FOUND)
            return [];
        ClCheck.Check(result, "clGetDeviceIDs", "list the OpenCL devices");
        var devices = new ClDeviceId[count];
        fixed (ClDeviceId* p = devices)
        {
            if (count > 0)
            {
                result = ClNative.clGetDeviceIDs(platform, ClConstants.CL_DEVICE_TYPE_ALL, count, p, null);
                ClCheck.Check(result, "clGetDeviceIDs", "list the OpenCL devices");
            }
        }

        return devices;
    }

    private static string? Deficiency(ClDeviceId device)
    {
        if (ClQuery.DeviceValue<uint>(device, ClConstants.CL_DEVICE_AVAILABLE) == 0)
            return "its driver says that it is not available";
        if (ClQuery.DeviceValue<uint>(device, ClConstants.CL_DEVICE_COMPILER_AVAILABLE) == 0)
            return "its driver has no compiler";
        if (ClQuery.DeviceValue<uint>(device, ClConstants.CL_DEVICE_ENDIAN_LITTLE) == 0)
            return "it is big-endian";
        string version = ClQuery.DeviceText(device, ClConstants.CL_DEVICE_VERSION);
        if (!SupportsVersion12(version))
            return $"it supports {version}; OpenCL 1.2 is needed";
        ulong localMemory = ClQuery.DeviceValue<ulong>(device, ClConstants.CL_DEVICE_LOCAL_MEM_SIZE);
        if (localMemory < NeededLocalMemoryBytes)
            return $"it has {localMemory} bytes of local memory; {NeededLocalMemoryBytes} are needed";
        nuint workGroup = ClQuery.DeviceValue<nuint>(device, ClConstants.CL_DEVICE_MAX_WORK_GROUP_SIZE);
        if (workGroup < NeededWorkGroupSize)
            return $"it runs work-groups of at most {workGroup} items; {NeededWorkGroupSize} are needed";
        return null;
    }

    // "OpenCL<space><major>.<minor><space><vendor's text>"
    private static bool SupportsVersion12(string version)
    {
        string[] words = version.Split(' ');
        return words.Length > 1
            && Version.TryParse(words[1], out Version? number)
            && number >= new Version(1, 2)
            && string.Equals(words[0], "OpenCL", StringComparison.Ordinal);
    }
}
