using System.Diagnostics;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary><c>--memory</c>, which on the processor is for all that the program takes.</summary>
public sealed class MemoryLimitTests(ITestOutputHelper output) : IDisposable
{
    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("png")]
    [InlineData("tif")]
    public async Task The_program_takes_no_more_than_it_may(string extension)
    {
        const long Limit = 200 << 20;
        SmallModels.Write(_tree.File("model.safetensors"));
        Pictures.Write(_tree.File("in.png"), 600, 450);
        long free = await PeakAsync($"free.{extension}");
        long limited = await PeakAsync($"limited.{extension}", "--memory", "200M");
        output.WriteLine($"{free >> 20} MiB without a limit, {limited >> 20} MiB with one of {Limit >> 20} MiB");
        Assert.InRange(limited, 1, Limit);
        Assert.InRange(free, 3 * Limit / 2, long.MaxValue);
        Assert.Equal((720, 540), _tree.SizeOf($"limited.{extension}"));
    }

    [Fact]
    public async Task Many_pictures_take_no_more_than_one()
    {
        const long Limit = 200 << 20;
        SmallModels.Write(_tree.File("model.safetensors"));
        Directory.CreateDirectory(_tree.File("in"));
        for (int i = 0; i < 3; i++)
            Pictures.Write(_tree.File($"in/{i}.jpg"), 600, 450);
        long peak = await PeakAsync("in", "out", ["--memory", "200M"]);
        output.WriteLine($"{peak >> 20} MiB with a limit of {Limit >> 20} MiB");
        Assert.InRange(peak, 1, Limit);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal((720, 540), _tree.SizeOf($"out/{i}.jpg")));
    }

    private Task<long> PeakAsync(string target, params string[] more) => PeakAsync("in.png", target, more);

    private async Task<long> PeakAsync(string input, string target, string[] more)
    {
        using Process process = CommandLine.Start(
            _tree.Path, ["upscale", input, target, "-s", "1.2", "-d", "cpu", "-m", "model.safetensors", "--quiet", .. more]);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        long peak = 0;
        while (!process.WaitForExit(5))
        {
            try
            {
                process.Refresh();
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
            catch (InvalidOperationException) when (process.HasExited)
            {
                // It ended between two looks; the peak of the look before stands.
            }
        }

        Assert.True(process.ExitCode == ExitCode.Success, await error);
        return peak;
    }
}
