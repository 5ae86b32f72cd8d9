using System.Diagnostics;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>The tests above once more on narrower processors: the runtime's switches hide instruction sets from a new process.</summary>
public class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Images_are_right_without(string switchedOff)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        foreach (Type tests in (Type[])[typeof(RasterizerTests), typeof(PixelQuantizerTests), typeof(GaussianWeightTests)])
        {
            start.ArgumentList.Add("-class");
            start.ArgumentList.Add(tests.FullName!);
        }

        start.Environment[switchedOff] = "0";
        start.Environment["OCL_ICD_VENDORS"] = "none"; // the other devices do not compute with these instructions
        start.Environment[TestDevices.RequiredVariable] = "cpu";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, $"{switchedOff}=0: exit code {process.ExitCode}\n{output}\n{await errors}");
        Assert.DoesNotContain("Total: 0,", output, StringComparison.Ordinal);
    }
}
