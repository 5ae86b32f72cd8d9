using System.Diagnostics;
using Gsasr.Cli.Tests.Upscaling;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>The program under a limit of address space (ulimit -v).</summary>
public sealed class AddressSpaceTests : IDisposable
{
    private readonly FileTree _tree = new();

    public AddressSpaceTests()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("This limit is Linux's.");
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task A_picture_fits_into_little_address_space()
    {
        // Less than the runtime itself needs unless it is compiled ahead of time would be no test of this program.
        Pictures.Write(_tree.File("in.png"), 60, 60);
        Outcome free = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" upscale in.png expected.png -s 4 -d cpu --quiet");
        Assert.True(free.ExitCode == ExitCode.Success, free.Error);
        Outcome limited = await ProgramRun.ShellAsync(_tree.Path, "ulimit -v 2000000; exec \"$0\" upscale in.png out.png -s 4 -d cpu --quiet");
        Assert.True(limited.ExitCode == ExitCode.Success, limited.Error);
        Assert.Equal(File.ReadAllBytes(_tree.File("expected.png")), File.ReadAllBytes(_tree.File("out.png")));
    }

    [Fact]
    public async Task Drivers_of_GPUs_are_left_alone()
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "ulimit -v 2000000; exec \"$0\" devices");
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("cpu ", lines[0], StringComparison.Ordinal);
        Assert.Equal(2, lines.Count(line => line.Contains("not looked for under a limit of address space", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task All_threads_share_a_pool_of_memory()
    {
        using Process process = Process.Start(
            new ProcessStartInfo("sh", ["-c", "ulimit -v 2000000; exec \"$0\" upscale - out.png -d cpu --verbose", CommandLine.ProgramPath])
            {
                RedirectStandardInput = true,
                RedirectStandardError = true,
                WorkingDirectory = _tree.Path,
            })!;
        Assert.NotNull(await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken));
        string environment = await File.ReadAllTextAsync($"/proc/{process.Id}/environ", TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains("MALLOC_ARENA_MAX=1", environment.Split('\0'));
    }

    [Fact]
    public async Task Too_little_address_space_is_never_answered_with_a_stack_trace()
    {
        SmallModels.Write(_tree.File("model.safetensors"));
        Directory.CreateDirectory(_tree.File("in"));
        for (int i = 0; i < 3; i++)
            Pictures.Write(_tree.File($"in/{i}.png"), 60, 60);
        int begun = 0;
        foreach (int kibibytes in (int[])[400_000, 500_000, 600_000, 700_000, 800_000, 900_000, 1_000_000, 1_200_000])
        {
            Outcome outcome = await ProgramRun.ShellAsync(
                _tree.Path, $"ulimit -v {kibibytes}; exec \"$0\" upscale in out -m model.safetensors -d cpu --quiet --overwrite");
            string shown = $"{kibibytes} KiB: {outcome.ExitCode}: {outcome.Error}";
            Assert.False(outcome.Error.Contains("Unhandled exception", StringComparison.Ordinal) || outcome.Error.Contains("   at ", StringComparison.Ordinal), shown);
            begun += outcome.ExitCode is ExitCode.Success or ExitCode.Failure ? 1 : 0;
        }

        Assert.NotEqual(0, begun);
    }
}
