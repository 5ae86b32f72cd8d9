using System.CommandLine;
using System.Globalization;
using Gsasr.Layers;
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
            {
                string memory = string.Create(CultureInfo.InvariantCulture, $"{device.MemoryBytes / (double)(1 << 30):0.0} GiB");
                await output.WriteLineAsync($"{device.Id.PadRight(width)}  {device.Name}, {memory}, {device.Driver}{(TensorCores.AreIn(device) ? ", mixed precision" : "")}").ConfigureAwait(false);
            }

            foreach (DeviceRefusal refusal in catalog.Refusals)
                await output.WriteLineAsync($"not used: {refusal}").ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}
