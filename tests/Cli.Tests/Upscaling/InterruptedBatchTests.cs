using System.Diagnostics;
using System.Globalization;
using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>
/// A batch that is killed at random and resumed. GSASR_STRESS_FILES and GSASR_STRESS_KILLS make it as large as one likes, and GSASR_STRESS_SEED other.
/// </summary>
public sealed class InterruptedBatchTests : IDisposable
{
    private const int Kinds = 40;

    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task A_batch_that_is_killed_and_resumed_ends_with_every_file_right_and_nothing_else()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int files = Setting("GSASR_STRESS_FILES", 100), kills = Setting("GSASR_STRESS_KILLS", 3), seed = Setting("GSASR_STRESS_SEED", 20261126);
        var random = new Random(seed);
        SmallModels.Write(_tree.File("model.safetensors"));
        // So many different pictures that one in the place of another would be seen.
        for (int kind = 0; kind < Kinds; kind++)
            Write($"kinds/{kind}.png", new Random(seed + kind));
        for (int i = 0; i < files; i++)
        {
            string path = _tree.File($"photos/{i % 7}/picture {i:00000} of {i % Kinds}.png");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(_tree.File($"kinds/{i % Kinds}.png"), path);
        }

        string[] names = _tree.Files("photos");
        long start = Stopwatch.GetTimestamp();
        for (int kill = 1; kill <= kills; kill++)
        {
            using Process process = Start("photos", "large");
            int goal = files * kill / (kills + 1) + random.Next(-files / (4 * kills), files / (4 * kills) + 1);
            while (!process.HasExited && Finished() < goal)
                await Task.Delay(20, cancellation);
            await Task.Delay(random.Next(40), cancellation);
            Assert.False(process.HasExited, "The run was over before it was killed: it needs more files.");
            process.Kill();
            await process.WaitForExitAsync(cancellation);
        }

        int before = Finished();
        using Process last = Start("photos", "large");
        await last.WaitForExitAsync(cancellation);
        Assert.Equal(ExitCode.Success, last.ExitCode);
        TestContext.Current.SendDiagnosticMessage(string.Create(
            CultureInfo.InvariantCulture,
            $"{files} files, {kills} kills, {before} files before the last run, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));
        Assert.InRange(before, 1, files - 1);
        Assert.Equal(names, _tree.Files("large"));

        using Process whole = Start("kinds", "expected");
        await whole.WaitForExitAsync(cancellation);
        Assert.Equal(ExitCode.Success, whole.ExitCode);
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(_tree.File($"expected/{name.Split(" of ")[1]}")), File.ReadAllBytes(_tree.File($"large/{name}"))));
    }

    private static int Setting(string variable, int fallback) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    private void Write(string name, Random random)
    {
        var samples = new byte[5 * 4 * 3];
        random.NextBytes(samples);
        Directory.CreateDirectory(Path.GetDirectoryName(_tree.File(name))!);
        ImageFile.Write(_tree.File(name), new Image(5, 4, ChannelLayout.Rgb, samples));
    }

    private Process Start(string source, string target) => Process.Start(
        new ProcessStartInfo(CommandLine.ProgramPath, ["upscale", source, target, "--recursive", "--skip-existing", "--quiet", "-d", "cpu", "-m", "model.safetensors"]) { WorkingDirectory = _tree.Path })!;

    private int Finished() => Directory.Exists(_tree.File("large")) ? _tree.Files("large").Count(name => name.EndsWith(".png", StringComparison.Ordinal)) : 0;
}
