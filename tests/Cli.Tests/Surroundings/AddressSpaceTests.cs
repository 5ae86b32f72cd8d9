using Gsasr.Cli.Tests.Upscaling;

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
}
