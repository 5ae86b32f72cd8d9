using Gsasr.Cli.Reporting;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Reporting;

/// <summary>What is said as text off a terminal.</summary>
public sealed class TextReporterTests
{
    [Fact]
    public async Task Quiet_says_nothing_of_success_and_everything_of_failure()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 9, 9);
        Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out.png"), "2", "--quiet");
        Assert.Equal((ExitCode.Success, "", ""), (outcome.ExitCode, outcome.Output, outcome.Error));
        Assert.True(File.Exists(folder.File("out.png")));
        (await CommandLine.UpscaleAsync(input, folder.File("out.png"), "2", "--quiet")).AssertFailed(ExitCode.Failure, "exists already");
    }

    [Fact]
    public async Task Verbose_says_each_stage_in_plain_ASCII()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 9, 9);
        Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out.png"), "2", "--verbose");
        foreach (string line in (string[])[$"{input}: reading", "loading the model (gsasr-lite)", "opening the device (cpu)", $"{input}: computing", $"{input}: writing"])
            Assert.Contains(line, outcome.ErrorLines);
        Assert.All(outcome.Error + outcome.Output, c => Assert.True(c is '\n' or '\r' or (>= ' ' and <= '~'), $"U+{(int)c:x4}"));
    }

    [Theory]
    [InlineData("mixed", null, "mixed")]
    [InlineData("float32", null, "float32")]
    [InlineData("float32", "swin was not measured", "float32 (swin was not measured; --precision mixed takes it)")]
    public void Verbose_says_the_precision_and_why_it_is_float32_where_mixed_could_be_asked_for(string precision, string? reason, string expected)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using Reporter reporter = Reporter.ForText(Verbosity.Verbose, output, error);
        reporter.Report(new DeviceOpened("A card", "cuda", "swin", "here", precision, 1, 2, reason));
        Assert.Equal([$"swin from here, on A card (cuda), {expected}; opened in 1 ms, loaded in 2 ms"], Lines(error));
    }

    [Theory]
    [InlineData(0, new string[0])]
    [InlineData(15, new[] { "of it, loading 15 kernels    2793.4 ms" })]
    public void Verbose_says_how_many_kernels_were_loaded_and_how_long_that_took(int kernels, string[] expected)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using Reporter reporter = Reporter.ForText(Verbosity.Verbose, output, error);
        reporter.Begin(1, "a.png", "b.png").Timings((9, 9), 1, 1 << 20, [new PartTime("encoder", 2)], 3000, (kernels, TimeSpan.FromMilliseconds(2793.41)));
        Assert.Equal(
            ["a.png: tiles of 9 x 9 pixels, strips 1, planned memory 1.0 MiB", "encoder                         2.0 ms", "all, with what is between    3000.0 ms", .. expected],
            Lines(error));
    }

    [Fact]
    public void Of_several_files_a_summary_says_which_failed_and_why()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using (Reporter reporter = Reporter.ForText(Verbosity.Normal, output, error))
        {
            reporter.Report(new RunStarted("1.0", 4));
            reporter.Begin(1, "a.png", "x/a.png").Finished((3, 2), (6, 4), "lite", "processor", Precision.Float32, 1.234);
            reporter.Begin(2, "b.png", "x/b.png").Failed("The computer has too little memory left for this image.");
            reporter.Begin(3, "c.png", "x/c.png").Failed("c.png is no image.");
            reporter.Begin(4, "d.png", "x/d.png").Skipped("It is there already.");
            reporter.Report(new RunFinished(reporter.Written, reporter.Skipped, reporter.Failed, 2.5, 1));
        }

        Assert.Equal(["x/a.png: 3x2 -> 6x4, lite on processor, 1.23 s"], Lines(output));
        Assert.Equal(
            [
                "b.png: The computer has too little memory left for this image.",
                "c.png is no image.",
                "1 of 4 files written, 1 skipped, 2 failed, 2.5 s",
                "failed: b.png: The computer has too little memory left for this image.",
                "failed: c.png is no image.",
            ],
            Lines(error));
    }

    [Fact]
    public void Of_work_that_takes_a_moment_no_progress_is_shown()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using Reporter reporter = Reporter.ForText(Verbosity.Normal, output, error);
        FileReport file = reporter.Begin(1, "a.png", "b.png");
        for (int percent = 0; percent <= 100; percent++)
            file.Report(percent / 100.0);
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public void Of_long_work_there_is_a_line_for_each_tenth_with_the_time_that_is_left()
    {
        var clock = new ManualClock();
        using var error = new StringWriter();
        using Reporter reporter = Plain(clock, error);
        FileReport file = reporter.Begin(1, "a.png", "b.png");
        file.Report(0);
        foreach ((double fraction, int tiles) in ((double, int)[])[(0.05, 1), (0.11, 1), (0.19, 1), (0.55, 12)])
        {
            clock.Pass(2);
            file.Report(fraction, tile: tiles / 2 + 1, tiles);
        }

        file.Report(0.65, 7, 12);
        Assert.Equal(["a.png: 11 %, about 32 s left", "a.png: 55 %, tile 7 of 12, about 7 s left"], Lines(error));
    }

    [Fact]
    public void A_silence_is_ended_by_what_is_being_done()
    {
        var clock = new ManualClock();
        using var error = new StringWriter();
        using (Reporter reporter = Plain(clock, error))
        {
            FileReport file = reporter.Begin(1, "a.png", "b.png");
            file.Stage(WorkStage.Reading);
            reporter.Report(new StageStarted(WorkStage.LoadingModel, Detail: "large"));
            clock.Pass(4);
            Assert.Empty(Lines(error));
            clock.Pass(1);
            Assert.Equal("loading the model (large)", Lines(error)[^1]);
            file.Stage(WorkStage.Computing);
            reporter.Begin(2, "next.png", "c.png").Stage(WorkStage.Reading);
            clock.Pass(9);
            Assert.Single(Lines(error));
            clock.Pass(1);
            Assert.Equal("a.png: computing", Lines(error)[^1]);

            file.Report(0, 1, 5);
            clock.Pass(80);
            file.Report(0.01, 1, 5);
            clock.Pass(10);
            Assert.Equal("a.png: 1 %, tile 1 of 5, about 2.2 h left", Lines(error)[^1]);
            Assert.Equal(11, Lines(error).Length);

            file.Stage(WorkStage.Writing);
            clock.Pass(10);
            Assert.Equal("a.png: writing", Lines(error)[^1]);
            file.Finished((3, 2), (6, 4), "lite", "processor", Precision.Float32, 1);
            clock.Pass(10);
            Assert.Equal("next.png: reading", Lines(error)[^1]);
        }

        clock.Pass(60);
        Assert.Equal("next.png: reading", Lines(error)[^1]);
        Assert.Equal(13, Lines(error).Length);
    }

    [Fact]
    public void A_device_that_is_open_is_not_what_is_being_done()
    {
        var clock = new ManualClock();
        using var error = new StringWriter();
        using Reporter reporter = Plain(clock, error);
        reporter.Begin(1, "a.png", "b.png").Stage(WorkStage.Reading);
        reporter.Report(new StageStarted(WorkStage.OpeningDevice, Detail: "cpu"));
        reporter.Report(new DeviceOpened("processor", "cpu", "lite", "here", "float32", 1, 2));
        clock.Pass(5);
        Assert.Equal("a.png: reading", Lines(error)[^1]);
    }

    [Fact]
    public void Nothing_ends_the_silence_of_quiet()
    {
        var clock = new ManualClock();
        using var error = new StringWriter();
        using var reporter = new PlainReporter(Verbosity.Quiet, new ResultStream(TextWriter.Null, error), error, clock);
        reporter.Begin(1, "a.png", "b.png").Stage(WorkStage.Reading);
        clock.Pass(60);
        Assert.Equal("", error.ToString());
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("größe 图 👍🏽", "größe 图 👍🏽")]
    [InlineData("a\u001b[2Jb", @"a\u001b[2Jb")]
    [InlineData("a\nout.png: 1x1", @"a\u000aout.png: 1x1")]
    [InlineData("\r\t\0\u007f\u009b", @"\u000d\u0009\u0000\u007f\u009b")]
    [InlineData("\u202egnp.exe", @"\u202egnp.exe")]
    public void What_moves_a_cursor_or_turns_a_line_is_shown_as_a_number(string text, string shown) =>
        Assert.Equal(shown, PrintableText.Escape(text));

    [Fact]
    public void Half_a_character_is_shown_as_a_number()
    {
        Assert.Equal(@"\ud83da\udc4d", PrintableText.Escape("\ud83da\udc4d"));
        Assert.Equal(@"\ud83d", PrintableText.Escape("\ud83d"));
    }

    [Fact]
    public async Task Control_characters_of_a_file_s_name_reach_no_stream()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has no such names.");
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("a\u001b[31m\nb.png"), 9, 9);
        foreach (string[] more in (string[][])[[], ["--verbose"], ["--json"]])
        {
            Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out\u001b]0;x\u0007.png"), "2", ["--overwrite", .. more]);
            Assert.Equal(ExitCode.Success, outcome.ExitCode);
            AssertPrintable(outcome);
        }

        Outcome absent = await CommandLine.UpscaleAsync(folder.File("\u001b[2J.png"), folder.File("out.png"), "2");
        Assert.Contains(@"\u001b[2J.png", Assert.Single(absent.ErrorLines), StringComparison.Ordinal);
        AssertPrintable(absent);
        Outcome unknown = await CommandLine.RunAsync("upscale", "--\u001b[2J", "in.png", "out.png", "--scale", "2\u0007");
        Assert.Equal(ExitCode.Usage, unknown.ExitCode);
        AssertPrintable(unknown);
    }

    private static PlainReporter Plain(ManualClock clock, StringWriter error) =>
        new(Verbosity.Normal, new ResultStream(TextWriter.Null, error), error, clock);

    private static void AssertPrintable(Outcome outcome) =>
        Assert.All((outcome.Output + outcome.Error).ReplaceLineEndings(""), c => Assert.False(char.IsControl(c), $"U+{(int)c:x4}"));

    private static string[] Lines(StringWriter writer) => writer.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
