using System.Diagnostics;
using System.Text.RegularExpressions;
using Gsasr.Cli.Tests.Upscaling;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Help, version, and what is said of arguments that are missing or begin with @.</summary>
public sealed partial class HelpTests
{
    [Theory]
    [InlineData("")]
    [InlineData("upscale")]
    [InlineData("field")]
    [InlineData("fit")]
    [InlineData("render")]
    [InlineData("models")]
    [InlineData("models list")]
    [InlineData("models pull")]
    [InlineData("models path")]
    [InlineData("info")]
    [InlineData("devices")]
    [InlineData("completion")]
    public async Task Help_ends_with_examples_that_can_be_understood(string command)
    {
        Outcome outcome = await CommandLine.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((ExitCode.Success, ""), (outcome.ExitCode, outcome.Error));
        string[] examples = [.. outcome.Output.Split("Examples:")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim())];
        Assert.Contains(examples, example => example.StartsWith($"gsasr {command}".Trim(), StringComparison.Ordinal));
        foreach (string example in examples.Where(example => example.StartsWith("gsasr ", StringComparison.Ordinal)))
        {
            // Every option of an example is one that the command's help names.
            foreach (Match option in LongOption().Matches(example))
                Assert.Contains(option.Value, (await CommandLine.RunAsync([.. CommandOf(example), "--help"])).Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("upscale", "INPUT and OUTPUT are missing")]
    [InlineData("upscale in.png", "OUTPUT is missing")]
    [InlineData("field", "IMAGE is missing: the image to describe.")]
    [InlineData("field in.png", "FIELD is missing: the field to write")]
    [InlineData("fit in.png --gaussians 5", "FIELD is missing")]
    [InlineData("fit in.png out.safetensors", "--gaussians")]
    [InlineData("render --magnification 2", "FIELD is missing")]
    [InlineData("models pull", "NAME is missing")]
    [InlineData("completion", "SHELL is missing")]
    [InlineData("upscale in.png out.png --scale", "--scale")]
    public async Task What_is_missing_is_named(string arguments, string part)
    {
        Outcome outcome = await CommandLine.RunAsync(arguments.Split(' '));
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains(part, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(outcome.ErrorLines.Distinct(), outcome.ErrorLines);
    }

    [Fact]
    public async Task What_comes_after_two_dashes_is_a_name()
    {
        using var folder = new TemporaryFolder();
        Pictures.Write(folder.File("-dash.png"), 8, 8);
        Outcome outcome = await ProgramRun.RunAsync(folder.Path, [], "upscale", "-d", "cpu", "--quiet", "--", "-dash.png", "--wrap.png");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.True(File.Exists(folder.File("--wrap.png")));
        (await ProgramRun.RunAsync(folder.Path, [], "info", "--", "-absent.png")).AssertFailed(ExitCode.Failure, "-absent.png");
    }

    [Theory]
    [InlineData("/h")]
    [InlineData("/?")]
    public async Task A_name_that_begins_with_a_slash_is_a_name(string name) =>
        (await CommandLine.RunAsync("info", name)).AssertFailed(ExitCode.Failure, name);

    [Fact]
    public async Task A_name_that_begins_with_an_at_sign_is_a_name()
    {
        using var folder = new TemporaryFolder();
        string list = folder.File("list");
        await File.WriteAllTextAsync(list, "--help", TestContext.Current.CancellationToken);
        Outcome outcome = await CommandLine.RunAsync("info", "@" + list);
        outcome.AssertFailed(ExitCode.Failure, "@" + list);
        string input = Pictures.Write(folder.File("@in.png"), 8, 8);
        await CommandLine.UpscaledAsync(input, folder.File("@out.png"), "2");
    }

    [Fact]
    public async Task The_version_names_the_commit_where_there_was_one()
    {
        using Process process = CommandLine.Start(AppContext.BaseDirectory, "--version");
        string version = (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((ExitCode.Success, Program.Version), (process.ExitCode, version));
        // A copy of the sources without their history has no commit to name.
        string commit = Path.Exists(Path.Combine(TestData.RepositoryRoot, ".git")) ? @"\+[0-9a-f]{40}" : "";
        Assert.Matches($@"^[0-9]+\.[0-9]+\.[0-9]+{commit}$", version);
    }

    private static IEnumerable<string> CommandOf(string example) =>
        example.Split(' ').Skip(1).TakeWhile(word => LowerCaseWord().IsMatch(word)).Take(example.StartsWith("gsasr models", StringComparison.Ordinal) ? 2 : 1);

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex LongOption();

    [GeneratedRegex("^[a-z]+$")]
    private static partial Regex LowerCaseWord();
}
