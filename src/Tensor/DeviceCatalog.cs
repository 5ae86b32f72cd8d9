using System.Globalization;
using Gsasr.Tensors.Cpu;
using Gsasr.Tensors.Cuda;
using Gsasr.Tensors.OpenCl;

namespace Gsasr.Tensors;

/// <summary>The devices that this computer had when it was asked.</summary>
public sealed class DeviceCatalog
{
    // Drivers take threads, compilers and the GPU's memory into the address space, and some end the process where it is too small.
    private const long DriverAddressBytes = 4L << 30;

    private readonly List<CudaCandidate> _cuda = [];
    private readonly List<OpenClCandidate> _openCl = [];

    private DeviceCatalog(bool withCuda, bool withOpenCl)
    {
        var refusals = new List<DeviceRefusal>();
        if (withCuda)
            _cuda = CudaDiscovery.Find(refusals);
        if (withOpenCl)
            _openCl = OpenClDiscovery.Find(refusals);
        string cpuName = CpuDevice.Describe(Environment.ProcessorCount);
        var cpuDescription = new DeviceDescription(
            DeviceKind.Cpu, 0, cpuName, CpuDevice.TotalMemoryBytes, "managed code", IsGpu: false);
        Devices =
        [
            .. _cuda.Select(candidate => candidate.Description),
            .. _openCl.Select(candidate => candidate.Description),
            cpuDescription,
        ];
        Refusals = refusals;
    }

    // Without drivers.
    private DeviceCatalog(string reason)
        : this(withCuda: false, withOpenCl: false) => Refusals =
    [
        new DeviceRefusal(DeviceKind.Cuda, "CUDA", reason, RefusalCause.Unsuitable),
        new DeviceRefusal(DeviceKind.OpenCl, "OpenCL", reason, RefusalCause.Unsuitable),
    ];

    /// <summary>The devices that can be opened; the processor is always among them, as the last.</summary>
    public IReadOnlyList<DeviceDescription> Devices { get; }

    /// <summary>The devices and backends that cannot be used, and why.</summary>
    public IReadOnlyList<DeviceRefusal> Refusals { get; }

    private static bool MayUseDrivers => !(AddressSpace.LimitBytes < DriverAddressBytes);

    /// <summary>Looks for devices. Under a limit of address space that is too small for drivers, only the processor is found.</summary>
    public static DeviceCatalog Find() => MayUseDrivers ? new(withCuda: true, withOpenCl: true) : WithoutDrivers();

    /// <summary>Opens a device.</summary>
    /// <param name="name">"auto", "cpu", "opencl", "cuda", or one of a list such as "opencl:1".</param>
    /// <inheritdoc cref="Open(string, out string?)"/>
    public static Device Open(string name) => Open(name, out _);

    /// <summary>
    /// Opens a device. "auto" takes a GPU through CUDA, else a GPU through OpenCL, else the processor; "opencl" and "cuda" take
    /// the first of their kind, where OpenCL prefers a GPU to a processor.
    /// </summary>
    /// <param name="name">"auto", "cpu", "opencl", "cuda", or one of a list such as "opencl:1".</param>
    /// <param name="note">For "auto", what the user should know about the choice, in one sentence; otherwise null.</param>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    /// <exception cref="DeviceException">There is no such device, or it cannot be opened; the message says what there is.</exception>
    public static Device Open(string name, out string? note)
    {
        DeviceSelection selection = Select(name);
        Device device = selection.Open();
        note = selection.Note;
        return device;
    }

    /// <summary>The devices that a name stands for, to be opened.</summary>
    /// <param name="name">"auto", "cpu", "opencl", "cuda", or one of a list such as "opencl:1".</param>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    /// <exception cref="DeviceException">There is no such device; the message says what there is.</exception>
    internal static DeviceSelection Select(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!TryParse(name, out string backend, out int? number))
        {
            throw new ArgumentException(
                $"'{name}' is not a device; it can be auto, cpu, opencl, cuda, or a number of one kind such as opencl:1.", nameof(name));
        }

        if (backend == "auto")
            return new DeviceSelection(EachForAuto(), isAuto: true);
        DeviceKind kind = backend switch
        {
            "cuda" => DeviceKind.Cuda,
            "opencl" => DeviceKind.OpenCl,
            _ => DeviceKind.Cpu,
        };
        var catalog = new DeviceCatalog(withCuda: kind == DeviceKind.Cuda, withOpenCl: kind == DeviceKind.OpenCl);
        int index = number ?? 0;
        if (number is null && kind == DeviceKind.OpenCl)
            index = Math.Max(0, catalog._openCl.FindIndex(candidate => candidate.Description.IsGpu));
        return catalog.Devices.FirstOrDefault(device => device.Kind == kind && device.Index == index) is { } description
            ? catalog.Select(description)
            : throw new DeviceException(DescribeAbsence(name, kind));
    }

    /// <summary>Whether a text is a device's name, for <see cref="Open(string)"/>; the device need not be there.</summary>
    /// <param name="name">The text.</param>
    public static bool IsDeviceName(string name) => TryParse(name, out _, out _);

    /// <summary>Opens the first NVIDIA GPU as <see cref="OlderHardware"/>.</summary>
    /// <param name="hardware">What it is to be: sm_75, sm_80 or sm_86.</param>
    /// <exception cref="ArgumentException">It cannot be used as that.</exception>
    /// <exception cref="DeviceException">There is no such GPU, or it cannot be opened.</exception>
    internal static Device OpenAs(NvidiaTarget hardware)
    {
        var catalog = new DeviceCatalog(withCuda: true, withOpenCl: false);
        return catalog._cuda.Count > 0
            ? Only(catalog._cuda[0].Description, () => new CudaDevice(OlderHardware.Of(catalog._cuda[0], hardware))).Open()
            : throw new DeviceException(DescribeAbsence("cuda", DeviceKind.Cuda));
    }

    /// <summary>Opens a device of the catalogue.</summary>
    /// <param name="description">One of <see cref="Devices"/>.</param>
    /// <exception cref="DeviceException">It cannot be opened.</exception>
    public Device Open(DeviceDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        return Select(description).Open();
    }

    // "opencl:1" is the backend "opencl" and the number 1.
    private static bool TryParse(string name, out string backend, out int? number)
    {
        number = null;
        backend = name.Split(':')[0];
        if (backend.Length == name.Length)
            return backend is "auto" or "cpu" or "opencl" or "cuda";
        if (backend is not ("opencl" or "cuda")
            || !int.TryParse(name.AsSpan(backend.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int parsed))
        {
            return false;
        }

        number = parsed;
        return true;
    }

    private static DeviceSelection Only(DeviceDescription description, Func<Device> beginOpening) =>
        new([new DeviceCandidate(description, beginOpening, Refusals: [])], isAuto: false);

    private DeviceSelection Select(DeviceDescription description) => Only(description, () => BeginOpening(description));

    private Device BeginOpening(DeviceDescription description) => description.Kind switch
    {
        DeviceKind.Cuda => new CudaDevice(_cuda[description.Index]),
        DeviceKind.OpenCl => new OpenClDevice(_openCl[description.Index]),
        _ => new CpuDevice(),
    };

    private static IEnumerable<DeviceCandidate> EachForAuto()
    {
        var refusals = new List<DeviceRefusal>();
        DeviceCatalog? last = null;
        foreach (DeviceCatalog catalog in EachBackend())
        {
            refusals.AddRange(catalog.Refusals);
            foreach (DeviceDescription description in catalog.Devices.Where(device => device.IsGpu))
            {
                yield return new DeviceCandidate(description, () => catalog.BeginOpening(description), [.. refusals]);
                refusals.Clear();
            }

            last = catalog;
        }

        DeviceDescription processor = last!.Devices[^1];
        yield return new DeviceCandidate(processor, () => last.BeginOpening(processor), refusals);
    }

    // OpenCL's drivers take long to start, and are not asked where a GPU is opened through CUDA.
    private static IEnumerable<DeviceCatalog> EachBackend()
    {
        if (!MayUseDrivers)
        {
            yield return WithoutDrivers();
            yield break;
        }

        yield return new(withCuda: true, withOpenCl: false);
        yield return new(withCuda: false, withOpenCl: true);
    }

    private static DeviceCatalog WithoutDrivers() =>
        new("not looked for under a limit of address space (ulimit -v) below 4 GiB, unless asked for by name");

    private static string DescribeAbsence(string name, DeviceKind kind)
    {
        DeviceCatalog catalog = new(withCuda: true, withOpenCl: true);
        string present = string.Join(", ", catalog.Devices.Select(device => $"{device.Id} ({device.Name})"));
        string reasons = string.Join("; ", catalog.Refusals.Where(refusal => refusal.Kind == kind));
        return $"There is no device '{name}'{(reasons.Length > 0 ? $" ({reasons})" : "")}; there is {present}.";
    }
}
