using System.Globalization;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Command lines at random, most of them senseless: each has one of the exit codes, and none shows a stack trace.</summary>
/// <remarks>GSASR_FUZZ_COUNT tries more of them, and GSASR_FUZZ_SEED others.</remarks>
[Collection(nameof(AloneInProcess))]
public sealed class RandomArgumentsTests : IDisposable
{
    private static readonly int s_count = Setting("GSASR_FUZZ_COUNT", 3000);
    private static readonly int s_seed = Setting("GSASR_FUZZ_SEED", 20261126);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private static readonly string[] s_commands = ["upscale", "field", "render", "fit", "info", "devices", "models", "list", "path", "completion"];

    private static readonly string[] s_options =
    [
        "--scale", "-s", "--model", "-m", "--device", "-d", "--precision", "--dmax", "--no-even-areas", "--keep-grey", "--as-published",
        "--quality", "--lossless", "--max-pixels", "--overwrite", "--skip-existing", "--recursive", "-r", "--format", "-f", "--size", "--width",
        "--height", "--shard", "--json", "--quiet", "-q", "--verbose", "-v", "--magnification", "--left", "--top", "--gaussians", "--seconds",
        "--iterations", "--seed", "--state", "--16bit", "--help", "--version", "--", "--nonsense", "-x", "@in.png", "[suggest]", "[diagram]",
    ];

    private static readonly string[] s_values =
    [
        "0", "1", "2", "-1", "2.5", "2,5", "1e999", "NaN", "Infinity", "99999999999999999999", "0x10", "", " ", "auto", "cpu", "mixed",
        "float32", "png", ".webp", "gif", "64x64", "1x0", "x", "3x", "1/2", "0/0", "auto", "bash", "gsasr-lite", "edsr-paper", "größe", "図",
        "\u001b[31m", "\0", "\n", "\ud83d", "'", "\"", "{name}.{ext}", "{", "{nonsense}", "=", "a=b", ":", "cuda:x", "cpu:0", "..", ".",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly string _before = Directory.GetCurrentDirectory();
    private readonly string? _cache = Environment.GetEnvironmentVariable("GSASR_CACHE");

    public RandomArgumentsTests()
    {
        // Outputs of relative paths are to be written here, and nothing into the user's own folders.
        Directory.SetCurrentDirectory(_folder.Path);
        Environment.SetEnvironmentVariable("GSASR_CACHE", _folder.File("cache"));
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        Environment.SetEnvironmentVariable("GSASR_CACHE", _cache);
        _folder.Dispose();
    }

    [Fact]
    public async Task None_of_them_is_a_surprise()
    {
        Pictures.Write("in.png", 3, 2);
        File.WriteAllText("text.png", "no picture");
        Directory.CreateDirectory("folder");
        string[] paths = ["in.png", "in.png", "text.png", "folder", "absent.png", "out.png", "out.jpg", "out.safetensors", "folder/out.webp", "absent/out.png", "out.gif", "out"];
        var random = new Random(s_seed);
        var seen = new Dictionary<int, int>();
        for (int i = 0; i < s_count; i++)
        {
            string[] arguments = Arguments(random, paths);
            // The streams of this process are no test's to read or write.
            if (arguments.Contains("-"))
                continue;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(s_limit);
            using var output = new StringWriter();
            using var error = new StringWriter();
            int exitCode = await Program.RunAsync(arguments, output, error, limit.Token);
            string said = output.ToString() + error;
            string shown = $"run {i}: {string.Join(' ', arguments.Select(argument => $"'{argument}'"))} gave {exitCode} and said {said}";
            Assert.True(exitCode is ExitCode.Success or ExitCode.Failure or ExitCode.Usage or ExitCode.Interrupted, shown);
            Assert.True(exitCode is ExitCode.Success || error.ToString().Length > 0, shown);
            Assert.False(said.Contains("   at ", StringComparison.Ordinal) || said.Contains("unexpected", StringComparison.Ordinal), shown);
            Assert.False(said.Any(c => char.IsControl(c) && c is not ('\n' or '\r')), shown);
            seen[exitCode] = seen.GetValueOrDefault(exitCode) + 1;
        }

        // Neither all senseless nor all sensible.
        Assert.All((int[])[ExitCode.Success, ExitCode.Failure, ExitCode.Usage], exitCode => Assert.True(seen.GetValueOrDefault(exitCode) >= s_count / 100, $"exit code {exitCode}: {seen.GetValueOrDefault(exitCode)}"));
        Assert.Empty(Directory.GetFiles(".", "*.tmp", SearchOption.AllDirectories));
    }

    // A sensible command line, of which some parts are then changed.
    private static string[] Arguments(Random random, string[] paths)
    {
        List<string> arguments = random.Next(6) switch
        {
            0 => ["upscale", Of(random, paths), Of(random, paths), "--scale", "1", "-d", "cpu", "--overwrite"],
            1 => ["field", Of(random, paths), Of(random, paths), "-d", "cpu", "--overwrite"],
            2 => ["render", Of(random, paths), Of(random, paths), "--magnification", "1", "-d", "cpu", "--overwrite"],
            3 => ["fit", Of(random, paths), Of(random, paths), "--gaussians", "4", "--iterations", "2", "-d", "cpu", "--overwrite"],
            4 => [Of(random, s_commands)],
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
                case 4 when place < arguments.Count:
                    arguments[place] = Mutate(random, arguments[place]);
                    break;
            }
        }

        // A device that has to be opened, or a model that has to be downloaded, is another test's; so is what takes long.
        return [.. arguments.Where(argument => argument is not "pull")];
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
