using System.Diagnostics;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Reporting;

/// <summary>What the program shows on a terminal, which <c>script</c> gives it.</summary>
public sealed class TerminalTests
{
    private const string Script = "/usr/bin/script";

    [Fact]
    public async Task A_file_its_stages_and_a_bar_are_shown_and_cleared()
    {
        using var folder = new TemporaryFolder();
        string shown = await RunAsync(folder, "in.png out.png -s 6", noColor: false);
        Assert.Contains("in.png: computing", shown, StringComparison.Ordinal);
        Assert.Contains("out.png: 48x40 -> 288x240", shown, StringComparison.Ordinal);
        Assert.Matches(@" [1-9][0-9]%.*[0-9]{2}:[0-9]{2}:[0-9]{2}", shown);
        // Colours, a hidden cursor, and a cursor that is there again in the end.
        Assert.Matches(@"\u001b\[[0-9;]*m", shown);
        Assert.True(shown.LastIndexOf("\u001b[?25h", StringComparison.Ordinal) > shown.LastIndexOf("\u001b[?25l", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_file_that_is_worked_on_in_tiles_the_tile_is_shown()
    {
        using var folder = new TemporaryFolder();
        SmallModels.Write(folder.File("model.safetensors"));
        Pictures.Write(folder.File("large.png"), 600, 450);
        string shown = await RunAsync(folder, "large.png out.png -s 1.2 -m model.safetensors --memory 200M", noColor: true);
        Assert.Matches(@"large\.png: computing, tile [1-9][0-9]* of [1-9][0-9]", shown);
    }

    [Fact]
    public async Task With_NO_COLOR_there_are_no_colours()
    {
        using var folder = new TemporaryFolder();
        string shown = await RunAsync(folder, "in.png out.png -s 6", noColor: true);
        Assert.Contains("in.png: computing", shown, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\u001b\[[0-9;]*(3[0-9]|4[0-9]|9[0-9]|10[0-9])[0-9;]*m", shown);
    }

    [Fact]
    public async Task Results_go_where_the_output_is_redirected_to()
    {
        using var folder = new TemporaryFolder();
        string shown = await RunAsync(folder, "in.png out.png -s 6 > results.txt", noColor: false);
        Assert.Contains("in.png: computing", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("48x40", shown, StringComparison.Ordinal);
        string results = await File.ReadAllTextAsync(folder.File("results.txt"), TestContext.Current.CancellationToken);
        Assert.Matches(@"^out\.png: 48x40 -> 288x240, [ -~]+ s\n$", results);
    }

    [Fact]
    public async Task A_terminal_that_cannot_move_its_cursor_gets_plain_lines()
    {
        using var folder = new TemporaryFolder();
        string shown = await RunAsync(folder, "in.png out.png -s 2 --verbose", noColor: false, terminal: "dumb");
        Assert.Contains("in.png: computing", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', shown);
    }

    [Fact]
    public async Task Control_characters_of_a_file_s_name_do_not_reach_the_terminal()
    {
        using var folder = new TemporaryFolder();
        Pictures.Write(folder.File("a\u001b]0;title\u0007[red].png"), 20, 20);
        string shown = await RunAsync(folder, "a*.png 'b\u001b[5m.png' -s 4 --verbose", noColor: true);
        Assert.Contains(@"a\u001b]0;title\u0007[red].png", shown, StringComparison.Ordinal);
        Assert.Contains(@"b\u001b[5m.png: 20x20", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b]0;", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[5m", shown, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(TemporaryFolder folder, string arguments, bool noColor, string terminal = "xterm-256color")
    {
        if (!File.Exists(Script))
            Assert.Skip($"There is no {Script} here, which makes a terminal for the program.");
        Pictures.Write(folder.File("in.png"), 48, 40);
        var start = new ProcessStartInfo(Script, ["-q", "-e", "-c", $"stty cols 120; \"$GSASR\" upscale -d cpu {arguments}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder.Path,
        };
        start.Environment["GSASR"] = CommandLine.ProgramPath;
        start.Environment["TERM"] = terminal;
        start.Environment["SHELL"] = "/bin/sh";
        // Others say that no terminal is to be drawn on, as in CI.
        foreach (string name in (string[])["NO_COLOR", "CI", "GITHUB_ACTIONS"])
            start.Environment.Remove(name);
        if (noColor)
            start.Environment["NO_COLOR"] = "1";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        string shown = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == ExitCode.Success, shown);
        return shown;
    }
}
