using System.CommandLine;
using System.Globalization;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary><c>gsasr devices</c>.</summary>
internal static class DevicesCommand
{
    public static Command Create(TextWriter output)
    {
        var command = new Command("devices", "Lists the devices that can upscale, and why others cannot.");
        command.SetAction(async (_, _) =>
        {
            DeviceCatalog catalog = DeviceCatalog.Find();
            int width = catalog.Devices.Max(device => device.Id.Length);
            foreach (DeviceDescription device in catalog.Devices)
                await output.WriteLineAsync($"{device.Id.PadRight(width)}  {Describe(device)}").ConfigureAwait(false);

            foreach (DeviceRefusal refusal in catalog.Refusals)
                await output.WriteLineAsync($"not used: {refusal}").ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>A device in a line: its name, memory and driver, and what <c>--precision auto</c> takes on it.</summary>
    /// <param name="device">The device.</param>
    public static string Describe(DeviceDescription device)
    {
        string auto = MixedPrecision.ChosenByAuto(GsasrModel.Default.Architecture, device) switch
        {
            Precision.Mixed => $"mixed with {GsasrModel.DefaultName}, other models may differ",
            _ when Upscaler.HasMixedPrecision(device) => "float32, mixed on request",
            _ => "float32",
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"{device.Name}, {device.MemoryBytes / (double)(1 << 30):0.0} GiB, {device.Driver}, precision auto: {auto}");
    }
}
