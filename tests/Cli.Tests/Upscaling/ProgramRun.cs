using System.Diagnostics;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Runs the program in a process of its own, by way of a shell where pipes are needed.</summary>
internal static class ProgramRun
{
    /// <summary>Runs the program in a folder, with some environment variables.</summary>
    public static Task<Outcome> RunAsync(string folder, Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(CommandLine.ProgramPath, arguments);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return RunAsync(start, folder);
    }

    /// <summary>Runs a line of a shell in a folder; the program is "$0" in it.</summary>
    public static Task<Outcome> ShellAsync(string folder, string line)
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There is no sh on Windows.");
        return RunAsync(new ProcessStartInfo("sh", ["-c", line, CommandLine.ProgramPath]), folder);
    }

    private static async Task<Outcome> RunAsync(ProcessStartInfo start, string folder)
    {
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new Outcome(process.ExitCode, output, await error);
    }
}
