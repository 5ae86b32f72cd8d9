using System.Diagnostics;
using System.Globalization;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Command lines at random, most of them senseless: each has one of the exit codes, and none shows a stack trace.</summary>
/// <remarks>GSASR_FUZZ_COUNT tries more of them, GSASR_FUZZ_PROCESSES more in processes of their own, and GSASR_FUZZ_SEED others.</remarks>
[Collection(nameof(AloneInProcess))]
public sealed class RandomArgumentsTests : IDisposable
{
    private static readonly int s_count = Setting("GSASR_FUZZ_COUNT", 3000);
    private static readonly int s_processes = Setting("GSASR_FUZZ_PROCESSES", 40);
    private static readonly int s_seed = Setting("GSASR_FUZZ_SEED", 20261126);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private static readonly string[] s_commands = ["upscale", "field", "render", "fit", "info", "devices", "models", "list", "pull", "path", "completion"];

    private static readonly string[] s_options =
    [
        "--scale", "-s", "--model", "-m", "--device", "-d", "--precision", "--dmax", "--no-even-areas", "--keep-grey", "--as-published",
        "--quality", "--lossless", "--max-pixels", "--overwrite", "--skip-existing", "--recursive", "-r", "--format", "-f", "--size", "--width",
        "--height", "--shard", "--json", "--quiet", "-q", "--verbose", "-v", "--magnification", "--left", "--top", "--gaussians", "--seconds",
        "--iterations", "--seed", "--state", "--16bit", "--from", "--sha256", "--help", "--version", "--", "--nonsense", "-x", "@in.png", "[suggest]", "[diagram]",
    ];

    private static readonly string[] s_values =
    [
        "0", "1", "2", "-1", "2.5", "2,5", "1e999", "NaN", "Infinity", "99999999999999999999", "0x10", "", " ", "auto", "cpu", "mixed",
        "float32", "png", ".webp", "gif", "64x64", "1x0", "x", "3x", "1/2", "0/0", "auto", "bash", "gsasr-lite", "edsr-paper", "größe", "図",
        "\u001b[31m", "\0", "\n", "\ud83d", "'", "\"", "{name}.{ext}", "{", "{nonsense}", "=", "a=b", ":", "cuda:x", "cpu:0", "..", ".",
    ];

    private static readonly string[] s_models = ["edsr-paper", "hatl-sa1b", "rdn-df2k", "tiny", "gsasr-lite", "Capital", "../escape", ""];
    private static readonly string[] s_origins = [NoServer, NoServer, "folder", "in.png", "absent", ""];

    // Where no server listens.
    private const string NoServer = "http://127.0.0.1:9";

    private static readonly string[] s_paths =
    [
        "in.png", "in.png", "text.png", "folder", "absent.png", "out.png", "out.jpg", "out.safetensors", "folder/out.webp", "absent/out.png",
        "out.gif", "out",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly string _before = Directory.GetCurrentDirectory();
    private readonly Dictionary<string, string?> _environment = new()
    {
        ["GSASR_CACHE"] = "cache",
        ["HF_ENDPOINT"] = NoServer,
        ["HF_TOKEN"] = null,
        ["NO_PROXY"] = "127.0.0.1",
    };

    private readonly Dictionary<string, string?> _environmentBefore;

    public RandomArgumentsTests()
    {
        // Outputs of relative paths are to be written here, and nothing into the user's own folders.
        Directory.SetCurrentDirectory(_folder.Path);
        _environmentBefore = _environment.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        foreach ((string name, string? value) in _environment)
            Environment.SetEnvironmentVariable(name, value);
        Pictures.Write("in.png", 3, 2);
        File.WriteAllText("text.png", "no picture");
        Directory.CreateDirectory("folder");
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        foreach ((string name, string? value) in _environmentBefore)
            Environment.SetEnvironmentVariable(name, value);
        _folder.Dispose();
    }

    [Fact]
    public async Task None_of_them_is_a_surprise()
    {
        var random = new Random(s_seed);
        var seen = new Dictionary<int, int>();
        for (int i = 0; i < s_count; i++)
        {
            string[] arguments = Arguments(random);
            // The streams of this process are no test's to read or write.
            if (arguments.Contains("-"))
                continue;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(s_limit);
            using var output = new StringWriter();
            using var error = new StringWriter();
            int exitCode = await Program.RunAsync(arguments, output, error, limit.Token);
            AssertNoSurprise(arguments, new Outcome(exitCode, output.ToString(), error.ToString()));
            seen[exitCode] = seen.GetValueOrDefault(exitCode) + 1;
        }

        // Neither all senseless nor all sensible.
        Assert.All((int[])[ExitCode.Success, ExitCode.Failure, ExitCode.Usage], exitCode => Assert.True(seen.GetValueOrDefault(exitCode) >= s_count / 100, $"exit code {exitCode}: {seen.GetValueOrDefault(exitCode)}"));
        Assert.Empty(Directory.GetFiles(".", "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task None_of_them_is_a_surprise_to_the_program_in_its_own_process()
    {
        // The system takes no argument with a zero in it.
        var random = new Random(s_seed);
        string[][] lines = [.. Enumerable.Range(0, int.MaxValue).Select(_ => Arguments(random)).Where(arguments => !arguments.Any(argument => argument.Contains('\0'))).Take(s_processes)];
        var outcomes = new Outcome[lines.Length];
        await Parallel.ForAsync(0, lines.Length, TestContext.Current.CancellationToken, async (i, cancellation) =>
            outcomes[i] = await RunProgramAsync(lines[i], cancellation));
        foreach ((string[] arguments, Outcome outcome) in lines.Zip(outcomes))
            AssertNoSurprise(arguments, outcome);
        Assert.All((int[])[ExitCode.Success, ExitCode.Failure, ExitCode.Usage], exitCode => Assert.Contains(outcomes, outcome => outcome.ExitCode == exitCode));
        Assert.Empty(Directory.GetFiles(".", "*.tmp", SearchOption.AllDirectories));
    }

    private static async Task<Outcome> RunProgramAsync(string[] arguments, CancellationToken cancellation)
    {
        using Process process = Process.Start(new ProcessStartInfo(CommandLine.ProgramPath, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        // What goes to the output can be a picture.
        return new Outcome(process.ExitCode, arguments.Contains("-") ? "" : output, await error);
    }

    private static void AssertNoSurprise(string[] arguments, Outcome outcome)
    {
        string said = outcome.Output + outcome.Error;
        string shown = $"{string.Join(' ', arguments.Select(argument => $"'{argument}'"))} gave {outcome.ExitCode} and said {said}";
        Assert.True(outcome.ExitCode is ExitCode.Success or ExitCode.Failure or ExitCode.Usage or ExitCode.Interrupted, shown);
        Assert.True(outcome.ExitCode is ExitCode.Success || outcome.Error.Length > 0, shown);
        Assert.False(said.Contains("   at ", StringComparison.Ordinal) || said.Contains("unexpected", StringComparison.Ordinal) || said.Contains("Unhandled", StringComparison.Ordinal), shown);
        Assert.False(said.Any(c => char.IsControl(c) && c is not ('\n' or '\r')), shown);
    }

    // A sensible command line, of which some parts are then changed.
    private static string[] Arguments(Random random)
    {
        List<string> arguments = random.Next(8) switch
        {
            0 => ["upscale", Of(random, s_paths), Of(random, s_paths), "--scale", "1", "-d", "cpu", "--overwrite"],
            1 => ["field", Of(random, s_paths), Of(random, s_paths), "-d", "cpu", "--overwrite"],
            2 => ["render", Of(random, s_paths), Of(random, s_paths), "--magnification", "1", "-d", "cpu", "--overwrite"],
            3 => ["fit", Of(random, s_paths), Of(random, s_paths), "--gaussians", "4", "--iterations", "2", "-d", "cpu", "--overwrite"],
            4 => [Of(random, s_commands)],
            5 => ["models", "pull", Of(random, s_models), "--from", Of(random, s_origins), "--sha256", new string('a', random.Next(62, 66))],
            6 => ["models", Of(random, ["list", "pull", "path"]), Of(random, s_models)],
            _ => [.. Enumerable.Range(0, random.Next(6)).Select(_ => Of(random, random.Next(2) == 0 ? s_options : s_values))],
        };
        for (int changes = random.Next(4); changes > 0; changes--)
        {
            int place = random.Next(arguments.Count + 1);
            switch (random.Next(5))
            {
                case 0:
                    arguments.Insert(place, Of(random, s_options));
                    break;
                case 1:
                    arguments.Insert(place, Of(random, s_values));
                    break;
                case 2 when place < arguments.Count:
                    arguments.RemoveAt(place);
                    break;
                case 3 when place < arguments.Count:
                    arguments[place] = Of(random, s_values);
                    break;

                // Another address could be somebody's.
                case 4 when place < arguments.Count && arguments[place] != NoServer:
                    arguments[place] = Mutate(random, arguments[place]);
                    break;
            }
        }

        return [.. arguments];
    }

    private static string Mutate(Random random, string text)
    {
        if (text.Length == 0)
            return "x";
        int place = random.Next(text.Length);
        return random.Next(3) switch
        {
            0 => text.Remove(place, 1),
            1 => text.Insert(place, ((char)random.Next(1, 0x250)).ToString()),
            _ => text[..place] + text[place..] + text[place],
        };
    }

    private static string Of(Random random, string[] choices) => choices[random.Next(choices.Length)];

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : fallback;
}

/// <summary>Tests that change what belongs to the whole process; no other test runs beside them.</summary>
[CollectionDefinition(nameof(AloneInProcess), DisableParallelization = true)]
public sealed class AloneInProcess;
