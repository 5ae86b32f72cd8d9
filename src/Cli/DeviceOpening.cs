using Gsasr.Cli.Reporting;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Opens devices and tells the user about it.</summary>
internal static class DeviceOpening
{
    private const string Short = "Running on the processor, as there is no GPU to use; 'gsasr devices' says why.";

    /// <summary>Opens a device. If its driver has to compile kernels, that is shown as a stage.</summary>
    /// <param name="name">As of --device.</param>
    /// <param name="reporter">Takes what there is to say.</param>
    /// <exception cref="DeviceException">There is no such device, or it cannot be opened.</exception>
    public static Device Open(string name, Reporter reporter)
    {
        DeviceSelection selection = Begin(name, reporter);
        Device device = selection.Open();
        Tell(selection, device, reporter);
        return device;
    }

    /// <summary>Begins as <see cref="Open"/> does.</summary>
    /// <param name="name">As of --device.</param>
    /// <param name="reporter">Takes what there is to say.</param>
    /// <returns>The devices to open the first one of that can be opened.</returns>
    /// <exception cref="DeviceException">There is no such device.</exception>
    public static DeviceSelection Begin(string name, Reporter reporter)
    {
        ArgumentNullException.ThrowIfNull(reporter);
        reporter.Report(new StageStarted(WorkStage.OpeningDevice, Detail: name));
        return DeviceCatalog.Select(name);
    }

    /// <summary>Ends as <see cref="Open"/> does.</summary>
    /// <param name="selection">The devices.</param>
    /// <param name="device">The one that was opened.</param>
    /// <param name="reporter">Takes what there is to say.</param>
    public static void Tell(DeviceSelection selection, Device device, Reporter reporter)
    {
        if (selection.Note is string note && (IsNew(note) || reporter.IsVerbose))
            reporter.Report(new NoteMade(reporter.IsVerbose || selection.HasFailures || device.Kind != DeviceKind.Cpu ? note : Short));
        device.Compiling += (_, _) => reporter.Report(new StageStarted(WorkStage.Compiling, Detail: device.Name));
    }

    /// <summary>The kind, as in --device.</summary>
    /// <param name="kind">The kind.</param>
    public static string NameOf(DeviceKind kind) => kind switch
    {
        DeviceKind.Cuda => "cuda",
        DeviceKind.OpenCl => "opencl",
        _ => "cpu",
    };

    // Why a computer has no GPU to use is said once, and again when the reason changes. If that cannot be remembered, it is said each time.
    private static bool IsNew(string note)
    {
        if (UserCacheFolder.Find("told") is not string folder)
            return true;
        string path = Path.Combine(folder, "device");
        try
        {
            if (File.Exists(path) && File.ReadAllText(path) == note)
                return false;
            Directory.CreateDirectory(folder);
            File.WriteAllText(path, note);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // If the note cannot be kept, it is shown again the next time; nothing else is lost.
        }

        return true;
    }
}
