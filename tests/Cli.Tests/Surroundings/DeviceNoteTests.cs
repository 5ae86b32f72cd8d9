using Gsasr.Cli.Tests.Upscaling;
using Gsasr.Tensors;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>What is said where there is no GPU.</summary>
public sealed class DeviceNoteTests : IDisposable
{
    private readonly FileTree _tree = new();

    public DeviceNoteTests()
    {
        if (DeviceCatalog.Find().Devices.Any(device => device.IsGpu))
            Assert.Skip("There is a GPU here.");
        _tree.Add("in.png");
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task That_there_is_no_GPU_is_said_shortly_and_once()
    {
        const string Note = "Running on the processor, as there is no GPU to use; 'gsasr devices' says why.";
        Assert.Equal(Note, Assert.Single(await UpscaleAsync("1.png", "--device", "auto")));
        Assert.Empty(await UpscaleAsync("2.png"));
        Assert.Empty(await UpscaleAsync("3.png", "--device", "cpu"));
        Assert.Contains(await UpscaleAsync("4.png", "--verbose"), line => line.StartsWith("Running on the processor, as no usable GPU was found: ", StringComparison.Ordinal));
    }

    // What is said on the error stream, but for the progress.
    private async Task<string[]> UpscaleAsync(string output, params string[] more)
    {
        Outcome outcome = await ProgramRun.RunAsync(
            _tree.Path, new Dictionary<string, string> { ["GSASR_CACHE"] = _tree.File("cache") }, ["upscale", "in.png", output, .. more]);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        return [.. outcome.ErrorLines.Where(line => !line.StartsWith("in.png: ", StringComparison.Ordinal))];
    }
}
