using Gsasr.Checkpoints;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary><c>gsasr info</c> and <c>gsasr devices</c>.</summary>
public sealed class InfoAndDevicesTests
{
    private static readonly string LiteFolder = TestData.ModelFile("gsasr-lite");

    [Fact]
    public async Task Info_describes_the_built_in_model()
    {
        Outcome outcome = await CommandLine.RunAsync("info");
        Assert.Equal((ExitCode.Success, ""), (outcome.ExitCode, outcome.Error));
        foreach (string part in (string[])[
            "gsasr-lite",
            "EDSR, 64 features, 16 blocks",
            "enhanced, 64 channels, 4 heads, window 12, cross 1 x 2, self 4 x 4",
            "2,904,137 (encoder 1,220,416, decoder 1,683,721)",
            "to multiples of 12 pixels"])
        {
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        }

        Assert.Matches(@"[0-9]+\.[0-9]{3} GFLOP per input pixel", outcome.Output);
    }

    [Fact]
    public async Task A_published_folder_and_its_conversion_are_the_same_model()
    {
        using var folder = new TemporaryFolder();
        string converted = folder.File("model.safetensors");
        using (ModelCheckpoint model = ModelCheckpoint.Open(LiteFolder))
            ModelConverter.Convert(model, converted, overwrite: false);
        Outcome builtIn = await CommandLine.RunAsync("info");
        Outcome published = await CommandLine.RunAsync("info", LiteFolder);
        Outcome fromFile = await CommandLine.RunAsync("info", converted);
        Assert.Equal((ExitCode.Success, ExitCode.Success), (published.ExitCode, fromFile.ExitCode));
        foreach (string line in (string[])["Model", "Encoder", "Decoder", "Parameters", "Padding", "Cost"])
        {
            Assert.Equal(Value(builtIn, line), Value(published, line));
            Assert.Equal(Value(builtIn, line), Value(fromFile, line));
        }

        Assert.Contains(LiteFolder, Value(published, "Source"), StringComparison.Ordinal);
        Assert.Equal("gsasr-lite", Value(fromFile, "architecture"));

        string input = Pictures.Write(folder.File("in.png"), 8, 8);
        await CommandLine.UpscaledAsync(input, folder.File("a.png"), "2");
        await CommandLine.UpscaledAsync(input, folder.File("b.png"), "2", "--model", LiteFolder);
        await CommandLine.UpscaledAsync(input, folder.File("c.png"), "2", "--model", converted);
        Assert.Equal(File.ReadAllBytes(folder.File("a.png")), File.ReadAllBytes(folder.File("b.png")));
        Assert.Equal(File.ReadAllBytes(folder.File("a.png")), File.ReadAllBytes(folder.File("c.png")));
    }

    [Fact]
    public async Task Info_of_no_model_says_what_a_model_is()
    {
        foreach (string name in (string[])["no such model", "edsr"])
        {
            (await CommandLine.RunAsync("info", name)).AssertFailed(
                ExitCode.Failure, $"'{name}'", "gsasr-lite", ".safetensors", "encoder.pth", "decoder.pth");
        }
    }

    [Fact]
    public async Task The_built_in_model_has_its_name_in_letters_of_any_case()
    {
        Outcome outcome = await CommandLine.RunAsync("info", "GSASR-Lite");
        Assert.Equal((ExitCode.Success, await CommandLine.RunAsync("info")), (outcome.ExitCode, outcome));
    }

    [Fact]
    public async Task Devices_lists_the_processor_last_and_says_why_others_are_not_used()
    {
        Outcome outcome = await CommandLine.RunAsync("devices");
        Assert.Equal((ExitCode.Success, ""), (outcome.ExitCode, outcome.Error));
        string[] lines = outcome.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        string[] devices = [.. lines.TakeWhile(line => !line.StartsWith("not used: ", StringComparison.Ordinal))];
        Assert.Matches(@"^cpu +.+ processor, [0-9]+ threads?, .+, [0-9]+\.[0-9] GiB, managed code, precision auto: float32$", devices[^1]);
        Assert.All(devices, line => Assert.Matches("^(cpu|(opencl|cuda):[0-9]+) ", line));
        Assert.All(lines[devices.Length..], line => Assert.StartsWith("not used: ", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sm_75", "float32, mixed on request")]
    [InlineData("sm_80", "mixed with gsasr-lite, other models may differ")]
    [InlineData("sm_90a", "mixed with gsasr-lite, other models may differ")]
    [InlineData(null, "float32")]
    public void Devices_says_what_precision_auto_takes(string? hardware, string expected)
    {
        var device = new DeviceDescription(DeviceKind.Cuda, 0, "A card", 3L << 29, "driver 1", IsGpu: true)
        {
            ComputeCapability = hardware is null ? null : NvidiaTarget.Parse(hardware),
        };
        Assert.Equal($"A card, 1.5 GiB, driver 1, precision auto: {expected}", DevicesCommand.Describe(device));
    }

    private static string Value(Outcome outcome, string name) => outcome.Output
        .Split(Environment.NewLine)
        .Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[name.Length..]
        .Trim();
}
