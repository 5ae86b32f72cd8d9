using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Gsasr.Checkpoints;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Models;

/// <summary><c>gsasr models pull</c> from servers that do what they should, and transfers that break.</summary>
public sealed class PullTests : PullTestBase
{
    [Fact]
    public async Task Of_a_slow_server_the_progress_is_shown()
    {
        using var server = new FileServer(request => request.File == "encoder.pth"
            ? Good(request) with { PauseAfter = Files["encoder.pth"].Length / 2 }
            : Good(request));
        Outcome outcome = await PullAsync(server);
        AssertPulled(outcome);

        // On a busy machine the first half takes long enough for lines of its own.
        Assert.Contains(outcome.ErrorLines, line => Regex.IsMatch(line, "^tiny encoder.pth: [5-9][0-9] %"));
    }

    [Fact]
    public async Task A_published_model_comes_from_where_Hugging_Face_points_to_and_the_token_does_not_go_there()
    {
        var files = new Dictionary<string, byte[]>();
        string expected = Folder.File("expected.safetensors");
        using (var seeded = SeededCheckpoint.OpenWithAllBuffers("edsr-paper"))
        {
            string folder = Directory.CreateDirectory(Folder.File("seeded")).FullName;
            PyTorchWriter.WriteModel(folder, seeded);
            foreach (string name in (string[])["encoder.pth", "decoder.pth"])
                files.Add(name, File.ReadAllBytes(Path.Combine(folder, name)));
            using ModelCheckpoint model = ModelCheckpoint.Open(folder);
            ModelConverter.Convert(model, expected, overwrite: false);
        }

        using var storage = new FileServer(request => FileReply.Of(request, files[request.File], Tag(files[request.File])));
        using var hub = new FileServer(request => FileReply.Redirect($"{storage.Address}/blobs/{request.File}?signature=abc")
            .With("X-Linked-ETag", $"\"{Sha256(files[request.File])}\"")
            .With("X-Linked-Size", $"{files[request.File].Length}"));
        Environment["HF_ENDPOINT"] = hub.Address;
        Environment["HF_TOKEN"] = "hf_secret";

        (await RunAsync("info", "edsr-paper")).AssertFailed(ExitCode.Failure, "'gsasr models pull edsr-paper'");
        Outcome outcome = await RunAsync("models", "pull", "edsr-paper");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        string path = Path.Combine(Folder.Path, "models", "edsr-paper.safetensors");
        Assert.True(File.ReadAllBytes(expected).AsSpan().SequenceEqual(File.ReadAllBytes(path)), "Another model came out.");
        foreach ((string name, byte[] file) in files)
            Assert.Contains($"{name}: SHA-256 {Sha256(file)}, as the server states", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("licence of these weights is unclear", outcome.Output, StringComparison.Ordinal);

        Assert.Equal(
            ["/mutou0308/GSASR/resolve/main/GSASR_paper/EDSR/encoder.pth", "/mutou0308/GSASR/resolve/main/GSASR_paper/EDSR/decoder.pth"],
            hub.Requests.Select(request => request.Path));
        Assert.All(hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
        Assert.Equal(2, storage.Requests.Count);
        Assert.All(storage.Requests, request => Assert.Null(request.Header("Authorization")));
        Assert.DoesNotContain("hf_secret", outcome.Output + outcome.Error, StringComparison.Ordinal);

        Assert.Equal(path, (await RunAsync("models", "path", "edsr-paper")).Output.Trim());
        Assert.Matches(@"edsr-paper +here +huggingface\.co/mutou0308/GSASR GSASR_paper/EDSR", (await RunAsync("models", "list")).Output);
        Assert.Contains(path, (await RunAsync("info", "edsr-paper")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_for_Hugging_Face_alone()
    {
        using var server = new FileServer(Good);
        Environment["HF_TOKEN"] = "hf_secret";
        AssertPulled(await PullAsync(server));
        Assert.All(server.Requests, request => Assert.Null(request.Header("Authorization")));
    }

    [Fact]
    public async Task A_pulled_model_has_its_name_and_draws_as_its_files_do()
    {
        using var server = new FileServer(Good);
        Outcome outcome = await RunAsync("models", "pull", "tiny", "--from", server.Address + "/a%20folder/?signature=x%2Fy");
        AssertPulled(outcome);
        Assert.Equal(["/a%20folder/encoder.pth?signature=x%2Fy", "/a%20folder/decoder.pth?signature=x%2Fy"], server.Requests.Select(request => request.Path));
        Assert.Contains("of which the server says nothing", outcome.Output, StringComparison.Ordinal);

        Pictures.Write(Folder.File("in.png"), 9, 7);
        Outcome upscaled = await RunAsync("upscale", "in.png", "out.png", "--scale", "2", "--device", "cpu", "--model", "tiny");
        Assert.True(upscaled.ExitCode == ExitCode.Success, upscaled.Error);
        await CommandLine.UpscaledAsync(Folder.File("in.png"), Folder.File("expected.png"), "2", "--model", LiteFolder);
        Assert.Equal(File.ReadAllBytes(Folder.File("expected.png")), File.ReadAllBytes(Folder.File("out.png")));

        // A path that exists wins.
        File.Copy(TestData.ModelFile("gsasr-lite.safetensors"), Folder.File("tiny"));
        Assert.DoesNotContain(Target, (await RunAsync("info", "tiny")).Output, StringComparison.Ordinal);
        File.Delete(Folder.File("tiny"));
        Assert.Contains(Target, (await RunAsync("info", "tiny")).Output, StringComparison.Ordinal);

        // What is here is not fetched again unless that is wanted.
        Outcome again = await PullAsync(server);
        AssertPulled(again);
        Assert.Contains("is there already", again.Output, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
        AssertPulled(await PullAsync(server, "--overwrite"));
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task A_transfer_that_breaks_off_goes_on_where_it_stopped()
    {
        const int Cut = 1_000_000;
        using var server = new FileServer(request => Good(request) with { CutAfter = Cut });
        AssertPulled(await PullAsync(server));
        Assert.All(Files, file =>
        {
            FileRequest[] requests = [.. server.Requests.Where(request => request.File == file.Key)];
            Assert.Null(requests[0].Header("Range"));
            Assert.All(requests[1..], request => Assert.Equal(Tag(file.Value), request.Header("If-Range")));
            Assert.InRange(requests.Length, file.Value.Length / Cut, (file.Value.Length / (Cut - 1)) + 3);

            // Each begins with the last byte of what came before it.
            int[] starts = [.. requests.Skip(1).Select(request => int.Parse(request.Header("Range")!["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture))];
            Assert.Equal(starts.Order(), starts);
            Assert.All(starts, start => Assert.InRange(start, 1, file.Value.Length - 1));
        });
    }

    [Theory]
    [InlineData("KILL", 137)]
    [InlineData("TERM", ExitCode.Terminated)]
    public async Task What_came_before_the_program_was_ended_is_not_fetched_again(string signal, int exitCode)
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There are no signals on Windows.");
        const int Cut = 3_000_000;
        bool stalls = true;
        using var server = new FileServer(request => stalls ? Good(request) with { CutAfter = Cut, ThenStalls = true } : Good(request));
        using (Process process = Start("models", "pull", "tiny", "--from", server.Address))
        {
            string partial = Path.Combine(WorkFolder, "encoder.pth");
            while (!File.Exists(partial) || new FileInfo(partial).Length < Cut)
                await Task.Delay(20, TestContext.Current.CancellationToken);
            using Process kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
            Outcome ended = await EndAsync(process);
            Assert.Equal(exitCode, ended.ExitCode);
            Assert.False(File.Exists(Target));
        }

        stalls = false;
        AssertPulled(await PullAsync(server));
        Assert.Equal([null, $"bytes={Cut - 1}-", null], server.Requests.Select(request => request.Header("Range")));
    }

    [Theory]
    [InlineData("another file by now")]
    [InlineData("a server without ranges")]
    [InlineData("a server without strong tags")]
    [InlineData("a shorter file by now")]
    public async Task A_rest_of_another_file_is_not_taken(string server)
    {
        byte[] old = [.. Files["encoder.pth"].Select(value => (byte)~value), 1, 2, 3, 4, 5, 6, 7, 8, 9];
        int requests = 0;
        using var fileServer = new FileServer(request =>
        {
            if (request.File != "encoder.pth" || Interlocked.Increment(ref requests) > 1)
            {
                return server switch
                {
                    "a server without ranges" => new FileReply(200, Files[request.File]).With("ETag", Tag(old)),
                    // It holds on to its tag, wrongly, so that only the length tells.
                    "a shorter file by now" when request.Header("Range") is not null => new FileReply(416, []),
                    _ => Good(request),
                };
            }

            FileReply first = new FileReply(200, old) { CutAfter = server == "a shorter file by now" ? old.Length - 1 : 1_500_000 };
            return server == "a server without strong tags" ? first.With("ETag", $"W/{Tag(old)}") : first.With("ETag", Tag(old));
        });
        AssertPulled(await PullAsync(fileServer));
        string? range = fileServer.Requests.ElementAt(1).Header("Range");
        Assert.Equal(server == "a server without strong tags", range is null);
    }

    [Fact]
    public async Task Two_at_once_fetch_the_model_once()
    {
        using var server = new FileServer(request =>
        {
            Thread.Sleep(1500);
            return Good(request);
        });
        Outcome[] outcomes = await Task.WhenAll(PullAsync(server), PullAsync(server), PullAsync(server));
        Assert.All(outcomes, AssertPulled);
        Assert.Equal(["encoder.pth", "decoder.pth"], server.Requests.Select(request => request.File));
        Assert.Contains(outcomes, outcome => outcome.Error.Contains("Another gsasr is fetching tiny", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folder_is_taken_as_it_is_and_keeps_its_files()
    {
        using var copy = new TemporaryFolder();
        foreach ((string name, byte[] content) in Files)
            File.WriteAllBytes(copy.File(name), content);
        string[] pull = ["models", "pull", "tiny", "--from", copy.Path];
        AssertFailed(await RunAsync([.. pull, "--sha256", Sha256(Files["encoder.pth"])]), copy.File("decoder.pth"), Sha256(Files["decoder.pth"]));
        Outcome pulled = await RunAsync([.. pull, "--sha256", Sha256(Files["encoder.pth"]), "--sha256", Sha256(Files["decoder.pth"]).ToUpperInvariant()]);
        AssertPulled(pulled);
        Assert.All(Files, file => Assert.Contains($"{file.Key}: SHA-256 {Sha256(file.Value)}", pulled.Output, StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFileSystemEntries(copy.Path).Length);

        // The hashes of the sources are kept with a model, and are looked at again.
        Outcome kept = await RunAsync([.. pull, "--sha256", new string('0', 64)]);
        Assert.Equal(ExitCode.Failure, kept.ExitCode);
        Assert.Contains("--overwrite", kept.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Target));
    }
}
