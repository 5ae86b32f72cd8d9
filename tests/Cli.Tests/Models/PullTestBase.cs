using System.Diagnostics;
using System.Security.Cryptography;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Models;

/// <summary>Runs the program with an empty folder of models, beside a server that has the two files of gsasr-lite.</summary>
public abstract class PullTestBase : IDisposable
{
    private protected static readonly string LiteFolder = TestData.ModelFile("gsasr-lite");
    private protected static readonly byte[] Converted = File.ReadAllBytes(TestData.ModelFile("gsasr-lite.safetensors"));
    private protected static readonly IReadOnlyDictionary<string, byte[]> Files = new Dictionary<string, byte[]>
    {
        ["encoder.pth"] = File.ReadAllBytes(Path.Combine(LiteFolder, "encoder.pth")),
        ["decoder.pth"] = File.ReadAllBytes(Path.Combine(LiteFolder, "decoder.pth")),
    };

    private protected TemporaryFolder Folder { get; } = new();

    /// <summary>The token, and what else the program is to find in its environment.</summary>
    private protected Dictionary<string, string?> Environment { get; } = new() { ["HF_TOKEN"] = null, ["HF_ENDPOINT"] = null, ["NO_PROXY"] = "127.0.0.1" };

    private protected string Target => Path.Combine(Folder.Path, "models", "tiny.safetensors");

    private protected string ModelsFolder => Path.Combine(Folder.Path, "models");

    private protected string WorkFolder => Path.Combine(Folder.Path, "models", ".tiny");

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static string Tag(byte[] file) => $"\"{Sha256(file)[..16]}\"";

    private protected static string Sha256(byte[] file) => Convert.ToHexStringLower(SHA256.HashData(file));

    private protected static FileReply Good(FileRequest request) => FileReply.Of(request, Files[request.File], Tag(Files[request.File]));

    private protected Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(CommandLine.ProgramPath, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder.Path,
        };
        start.Environment["GSASR_CACHE"] = Folder.Path;
        foreach ((string name, string? value) in Environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private protected async Task<Outcome> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        return await EndAsync(process);
    }

    private protected static async Task<Outcome> EndAsync(Process process)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new Outcome(process.ExitCode, output, await error);
    }

    private protected Task<Outcome> PullAsync(FileServer server, params string[] more) =>
        RunAsync(["models", "pull", "tiny", "--from", server.Address + "/folder", .. more]);

    /// <summary>The model is there, and nothing else.</summary>
    private protected void AssertPulled(Outcome outcome)
    {
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.True(Converted.AsSpan().SequenceEqual(File.ReadAllBytes(Target)), "The model is not what the converter makes of its files.");
        Assert.Equal([Target], Directory.GetFileSystemEntries(ModelsFolder));
    }

    /// <summary>The last line says why there is no model, and nothing of it is kept.</summary>
    private protected void AssertFailed(Outcome outcome, params string[] parts)
    {
        AssertFailedKeeping(outcome, parts);
        if (Directory.Exists(ModelsFolder))
            Assert.Empty(Directory.GetFileSystemEntries(ModelsFolder));
    }

    private protected void AssertFailedKeeping(Outcome outcome, params string[] parts)
    {
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.All(parts, part => Assert.Contains(part, outcome.ErrorLines[^1], StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }
}
