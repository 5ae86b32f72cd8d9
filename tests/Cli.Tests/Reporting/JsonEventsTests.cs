using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging.Tests;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Reporting;

/// <summary>The events of <c>--json</c>: what they are, and that docs/json-events.md says so.</summary>
public sealed class JsonEventsTests
{
    private static readonly string[] s_names =
        [.. typeof(ReportEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(type => (string)type.TypeDiscriminator!)];

    [Fact]
    public void The_page_has_every_event_and_every_property_and_no_others()
    {
        Dictionary<string, List<string>> documented = ReadPage();
        Assert.Equal(s_names, documented.Keys);
        foreach (JsonDerivedTypeAttribute type in typeof(ReportEvent).GetCustomAttributes<JsonDerivedTypeAttribute>())
        {
            JsonTypeInfo info = ReportJson.Default.GetTypeInfo(type.DerivedType)!;
            Assert.Equal(info.Properties.Select(property => property.Name).Order(), documented[(string)type.TypeDiscriminator!].Order());
        }
    }

    [Fact]
    public async Task A_run_tells_from_its_beginning_to_its_end()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 12, 10);
        string target = folder.File("out.png");
        Outcome outcome = await CommandLine.UpscaleAsync(input, target, "2", "--json", "--verbose");
        Assert.Equal((ExitCode.Success, ""), (outcome.ExitCode, outcome.Error));
        JsonElement[] events = Parse(outcome);
        Dictionary<string, List<string>> documented = ReadPage();
        Assert.All(events, e => Assert.Empty(e.EnumerateObject().Select(property => property.Name).Except([.. documented[Name(e)], "event"])));

        string[] names = [.. events.Select(Name)];
        Assert.Equal(("run_started", "file_started"), (names[0], names[1]));
        Assert.Equal(["file_finished", "run_finished"], names[^2..]);
        Assert.Contains("timings", names);
        Assert.Equal(
            ["reading", "loading_model", "opening_device", "computing", "writing"],
            events.Where(e => Name(e) == "stage").Select(e => e.GetProperty("stage").GetString()));
        double[] fractions = [.. events.Where(e => Name(e) == "progress").Select(e => e.GetProperty("fraction").GetDouble())];
        Assert.Equal(fractions.Order(), fractions);
        Assert.Equal(1, fractions[^1]);

        JsonElement finished = events[^2];
        Assert.Equal((input, target), (finished.GetProperty("input").GetString(), finished.GetProperty("output").GetString()));
        Assert.Equal(
            [12, 10, 24, 20],
            ((string[])["input_width", "input_height", "output_width", "output_height"]).Select(name => finished.GetProperty(name).GetInt32()));
        Assert.Equal(("gsasr-lite", "float32"), (finished.GetProperty("model").GetString(), finished.GetProperty("precision").GetString()));
        JsonElement end = events[^1];
        Assert.Equal((1, 0, 0), (end.GetProperty("written").GetInt32(), end.GetProperty("failed").GetInt32(), end.GetProperty("exit_code").GetInt32()));
    }

    [Fact]
    public void Progress_has_tiles_only_where_there_are_several()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using (var reporter = new JsonReporter(isVerbose: false, new ResultStream(output, error), error))
        {
            var file = new FileReport(reporter, 3, "a.png", "b.png");
            file.Report(0.5, tile: 1, tiles: 1);
            file.Report(0.75, tile: 7, tiles: 12);
        }

        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            [
                """{"event":"progress","file":3,"input":"a.png","fraction":0.5}""",
                """{"event":"progress","file":3,"input":"a.png","fraction":0.75,"tile":7,"tiles":12}""",
            ],
            lines);
    }

    [Fact]
    public async Task A_failure_is_an_event_and_a_line_on_the_error_stream()
    {
        using var folder = new TemporaryFolder();
        Outcome outcome = await CommandLine.UpscaleAsync(folder.File("absent.png"), folder.File("out.png"), "2", "--json");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        JsonElement[] events = Parse(outcome);
        string reason = Assert.Single(events, e => Name(e) is "failed" or "file_failed").GetProperty("reason").GetString()!;
        Assert.Contains("absent.png", reason, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(("run_finished", ExitCode.Failure), (Name(events[^1]), events[^1].GetProperty("exit_code").GetInt32()));
    }

    [Fact]
    public async Task A_run_that_is_refused_begins_and_ends_too()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 12, 10), target = Pictures.Write(folder.File("out.png"), 12, 10);
        Outcome outcome = await CommandLine.UpscaleAsync(input, target, "2", "--json");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        JsonElement[] events = Parse(outcome);
        Assert.Equal(["run_started", "failed", "run_finished"], events.Select(Name));
        Assert.Equal(0, events[0].GetProperty("files").GetInt32());
    }

    [Fact]
    public async Task The_device_is_opened_while_the_first_picture_is_decoded()
    {
        // Nothing comes of the decoding, so what is said of the device was not begun after it.
        Outcome outcome = await UpscaleDamagedAsync("-d", "cpu");
        JsonElement[] events = Parse(outcome);
        Assert.Equal(
            ["reading", "loading_model", "opening_device"],
            events.Where(e => Name(e) == "stage").Select(e => e.GetProperty("stage").GetString()));
        Assert.Single(events, e => Name(e) == "device");
        AssertOnlyThePictureFailed(outcome);
    }

    [Theory]
    [InlineData("-d", "opencl:99")]
    [InlineData("-d", "cpu", "-m", "absent.safetensors")]
    public async Task That_a_device_or_model_cannot_be_opened_is_said_only_if_there_is_a_picture_for_it(params string[] options) =>
        AssertOnlyThePictureFailed(await UpscaleDamagedAsync(options));

    [Fact]
    public async Task Where_the_memory_is_limited_a_device_waits_until_the_first_picture_is_decoded()
    {
        Outcome outcome = await UpscaleDamagedAsync("-d", "cpu", "--memory", "4G");
        Assert.DoesNotContain("opening_device", outcome.Output, StringComparison.Ordinal);
        AssertOnlyThePictureFailed(outcome);
    }

    [Fact]
    public async Task No_device_is_opened_where_every_picture_turns_out_to_be_done()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 12, 10);
        Pictures.Write(folder.File("out_24.png"), 24, 20);
        Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out_{width}.png"), "2", "--json", "--skip-existing");
        Assert.Equal(
            ["run_started", "file_started", "stage", "file_skipped", "run_finished"],
            Parse(outcome).Select(Name));
    }

    [Theory]
    [InlineData("--quiet", "--verbose")]
    [InlineData("--quiet", "--json")]
    public async Task What_excludes_each_other_is_refused(string one, string other)
    {
        Outcome outcome = await CommandLine.RunAsync("upscale", "in.png", "out.png", "--scale", "2", one, other);
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Contains($"{one} and {other} exclude each other", outcome.Error, StringComparison.Ordinal);
    }

    // A picture whose header is right and whose pixels are not.
    private static async Task<Outcome> UpscaleDamagedAsync(params string[] options)
    {
        using var folder = new TemporaryFolder();
        string input = folder.File("damaged.png");
        File.WriteAllBytes(input, new PngBuilder().Header(4, 1, 8, 0).Chunk("IDAT", PngBuilder.Deflate([5, 1, 2, 3, 4])).End());
        Outcome outcome = await CommandLine.RunAsync(["upscale", input, folder.File("out.png"), "--json", .. options]);
        Assert.Equal([input], Directory.GetFiles(folder.Path));
        return outcome;
    }

    private static void AssertOnlyThePictureFailed(Outcome outcome)
    {
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Contains("unknown filter 5", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(["file_failed", "run_finished"], Parse(outcome).Select(Name).Where(name => name is "failed" or "file_failed" or "run_finished"));
    }

    private static string Name(JsonElement e) => e.GetProperty("event").GetString()!;

    private static JsonElement[] Parse(Outcome outcome) =>
    [
        .. outcome.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement),
    ];

    // "### name" begins an event, and "| `property` |" is a row of its table.
    private static Dictionary<string, List<string>> ReadPage()
    {
        var events = new Dictionary<string, List<string>>();
        List<string> properties = [];
        foreach (string line in File.ReadLines(Path.Combine(TestData.RepositoryRoot, "docs", "json-events.md")))
        {
            if (line.StartsWith("### ", StringComparison.Ordinal))
                events.Add(line[4..], properties = []);
            else if (line.StartsWith("| `", StringComparison.Ordinal))
                properties.Add(line.Split('`')[1]);
        }

        return events;
    }
}
