using System.Diagnostics;

namespace Gsasr.Imaging.Tests;

public class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Results_are_the_same_without_the_vector_instructions(string setting)
    {
        // The setting is read when a process starts, so the tests of the vector code are run again in one of their own.
        string program = Path.Combine(AppContext.BaseDirectory, "Gsasr.Imaging.Tests");
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? program + ".exe" : program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string method in new[]
        {
            $"{nameof(PngDecodeTests)}.{nameof(PngDecodeTests.Every_kind_decodes_to_the_samples_it_was_made_from)}",
            $"{nameof(PngEncodeTests)}.{nameof(PngEncodeTests.Images_come_back_as_they_were)}",
            $"{nameof(JpegDecodeTests)}.{nameof(JpegDecodeTests.A_camera_like_photograph_decodes_as_by_libjpeg)}",
            $"{nameof(JpegEncodeTests)}.{nameof(JpegEncodeTests.High_quality_stays_close_to_the_image)}",
        })
        {
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add($"{typeof(InstructionSetTests).Namespace}.{method}");
        }
        start.Environment[setting] = "0";
        using Process process = Process.Start(start)!;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, $"With {setting}=0:\n{output}\n{await errors}");
        Assert.Contains("Failed: 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Total: 0", output, StringComparison.Ordinal);
    }
}
