using System.Diagnostics;
using Gsasr.Imaging;

namespace Gsasr.Cli.Tests;

/// <summary>Runs the command, inside this process or as the program it is, and says what came of it.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command inside this process.</summary>
    public static async Task<Outcome> RunAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return new Outcome(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Upscales on the processor.</summary>
    public static Task<Outcome> UpscaleAsync(string input, string output, string scale, params string[] more) =>
        RunAsync(["upscale", input, output, "--scale", scale, "--device", "cpu", .. more]);

    /// <summary>The program's file.</summary>
    public static string ProgramPath { get; } =
        Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "gsasr.exe" : "gsasr");

    /// <summary>Starts the program; both of its streams are redirected.</summary>
    public static Process Start(string workingFolder, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(ProgramPath, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder,
        })!;

    /// <summary>Runs the command, which must succeed, and reads the image that it wrote.</summary>
    public static async Task<Image> UpscaledAsync(string input, string output, string scale, params string[] more)
    {
        Outcome outcome = await UpscaleAsync(input, output, scale, more);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        return ImageFile.Read(output);
    }
}
