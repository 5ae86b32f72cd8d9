using System.Net.Sockets;
using Gsasr.Imaging;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Several images in one run.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task Several_files_go_to_a_folder_that_is_made_under_their_names()
    {
        _tree.Add("a.png", "sub/b.jpg", "c.ppm");
        Outcome outcome = await _tree.UpscaleAsync(["a.png", "sub/b.jpg", "c.ppm", "large"]);
        AssertSucceeded(outcome);
        Assert.Equal(["a.png", "b.jpg", "c.ppm"], _tree.Files("large"));
        Assert.Equal(3, outcome.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("3 of 3 files written", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_batch_writes_the_same_files_as_one_run_for_each()
    {
        string[] names = ["a.png", "b.png", "c.jpg", "d.webp", "e.ppm"];
        _tree.Add(names);
        AssertSucceeded(await _tree.UpscaleAsync([.. names, "batch"], "--scale", "2.5"));
        Directory.CreateDirectory(_tree.File("single"));
        foreach (string name in names)
        {
            AssertSucceeded(await _tree.UpscaleAsync([name, $"single/{name}"], "--scale", "2.5"));
            Assert.Equal(File.ReadAllBytes(_tree.File($"single/{name}")), File.ReadAllBytes(_tree.File($"batch/{name}")));
        }
    }

    [Fact]
    public async Task The_scale_is_2_unless_said()
    {
        _tree.Add("a.png");
        (int width, int height) = _tree.SizeOf("a.png");
        AssertSucceeded(await _tree.UpscaleAsync(["a.png", "out.png"]));
        Assert.Equal((2 * width, 2 * height), _tree.SizeOf("out.png"));
    }

    [Fact]
    public async Task A_folder_gives_its_own_images_and_with_recursive_the_whole_tree()
    {
        _tree.Add("photos/a.png", "photos/2019/b.jpg", "photos/2019/may/Größe 日本 ☕.png", "photos/.hidden.png");
        File.WriteAllText(_tree.File("photos/readme.txt"), "no image");
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "flat"]));
        Assert.Equal(["a.png"], _tree.Files("flat"));

        AssertSucceeded(await _tree.UpscaleAsync(["photos", "tree"], "--recursive"));
        Assert.Equal(["2019/b.jpg", "2019/may/Größe 日本 ☕.png", "a.png"], _tree.Files("tree"));
    }

    [Fact]
    public async Task A_format_that_is_only_read_becomes_png_and_format_overrules_names()
    {
        _tree.Add("photos/a.jpg");
        // The smallest GIF: one white pixel.
        File.WriteAllBytes(_tree.File("photos/b.gif"), Convert.FromHexString("47494638376101000100800000FFFFFF0000002C00000000010001000002024401003B"));
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "own"]));
        Assert.Equal(["a.jpg", "b.png"], _tree.Files("own"));
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "webp"], "--format", "webp"));
        Assert.Equal(["a.webp", "b.webp"], _tree.Files("webp"));
        Assert.Equal(ImageFormat.WebP, ImageFile.DetectFormat(File.ReadAllBytes(_tree.File("webp/a.webp"))));
    }

    [Theory]
    [InlineData("out/{name}_x{scale}.{ext}", "out/a_x1.5.png", "out/sub/b_x1.5.jpg")]
    [InlineData("out/x{scale}/{name}.webp", "out/x1.5/a.webp", "out/x1.5/sub/b.webp")]
    [InlineData("out/{name} {width}x{height}.{ext}", "out/a 12x7.png", "out/sub/b 12x7.jpg")]
    [InlineData("{folder}/{{{name}}}.png", "photos/sub/{b}.png", "photos/{a}.png")]
    public async Task A_pattern_names_the_outputs(string pattern, params string[] expected)
    {
        Pictures.Write(Made("photos/a.png"), 8, 5);
        Pictures.Write(Made("photos/sub/b.jpg"), 8, 5);
        Outcome outcome = await CommandLine.RunAsync(
            "upscale", _tree.File("photos"), pattern.StartsWith('{') ? pattern : _tree.File(pattern), "-r", "-s", "1.5", "-d", "cpu");
        AssertSucceeded(outcome);
        Assert.Equal(expected, _tree.Files().Except(["photos/a.png", "photos/sub/b.jpg"]));
        Assert.All(expected, name => Assert.Contains(name.Split('/')[^1], outcome.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_bad_file_does_not_stop_the_rest_and_the_summary_names_it()
    {
        _tree.Add("photos/a.png", "photos/c.png", "photos/d.png");
        File.WriteAllText(_tree.File("photos/b.png"), "This is no image.");
        Outcome outcome = await _tree.UpscaleAsync(["photos", "large"]);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png", "c.png", "d.png"], _tree.Files("large"));
        Assert.Contains("3 of 4 files written, 1 failed", outcome.ErrorLines[^2], StringComparison.Ordinal);
        Assert.StartsWith($"failed: {_tree.File("photos/b.png")}: The file is not an image", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_among_several_fails_alone()
    {
        _tree.Add("a.png");
        Outcome outcome = await _tree.UpscaleAsync(["absent.png", "a.png", "large"]);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png"], _tree.Files("large"));
        Assert.Contains($"There is no file {_tree.File("absent.png")}.", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_named_twice_is_done_once()
    {
        _tree.Add("photos/a.png", "photos/b.png");
        Outcome outcome = await _tree.UpscaleAsync(["photos/a.png", "photos", "photos/../photos/b.png", "large"]);
        AssertSucceeded(outcome);
        Assert.Contains("2 of 2 files written", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_folder_of_the_outputs_is_not_searched_for_inputs()
    {
        _tree.Add("photos/a.png", "photos/sub/b.png");
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "photos/large"], "-r"));
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "photos/large"], "-r", "--overwrite"));
        Assert.Equal(["a.png", "sub/b.png"], _tree.Files("photos/large"));
    }

    [Fact]
    public async Task A_link_that_leads_back_is_not_followed()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Links need a privilege on Windows.");
        _tree.Add("photos/a.png");
        Directory.CreateSymbolicLink(_tree.File("photos/again"), _tree.File("photos"));
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "large"], "-r"));
        Assert.Equal(["a.png"], _tree.Files("large"));
    }

    [Fact]
    public async Task A_link_that_leads_nowhere_fails_alone()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Links are for administrators on Windows.");
        _tree.Add("photos/a.png");
        File.CreateSymbolicLink(_tree.File("photos/b.png"), _tree.File("gone.png"));
        File.CreateSymbolicLink(_tree.File("photos/c.png"), _tree.File("photos/c.png"));
        Outcome outcome = await _tree.UpscaleAsync(["photos", "large"]);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Contains($"{_tree.File("photos/b.png")} is a link to {_tree.File("gone.png")}, which is not there.", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("1 of 3 files written, 2 failed", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["a.png"], _tree.Files("large"));
    }

    [Fact]
    public async Task A_folder_that_must_not_be_read_is_a_failure_of_its_own()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Here everything may be read.");
            return;
        }

        _tree.Add("photos/a.png", "photos/secret/b.png");
        File.SetUnixFileMode(_tree.File("photos/secret"), UnixFileMode.None);
        Outcome outcome = await _tree.UpscaleAsync(["photos", "large"], "-r");
        File.SetUnixFileMode(_tree.File("photos/secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png"], _tree.Files("large"));
        Assert.Contains("secret cannot be searched", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_devices_share_a_batch_and_write_every_file()
    {
        Testing.TestDevices.Get("opencl");
        string[] names = [.. Enumerable.Range(0, 8).Select(i => $"photos/{i}.png")];
        _tree.Add(names);
        Outcome outcome = await CommandLine.RunAsync("upscale", _tree.File("photos"), _tree.File("large"), "-d", "cpu,opencl");
        AssertSucceeded(outcome);
        Assert.Equal(names.Select(name => name.Split('/')[1]), _tree.Files("large"));
        AssertSucceeded(await _tree.UpscaleAsync(["photos", "expected"]));
        foreach (string name in _tree.Files("large"))
        {
            Image expected = ImageFile.Read(_tree.File($"expected/{name}")), actual = ImageFile.Read(_tree.File($"large/{name}"));
            Assert.All(expected.Samples8.Zip(actual.Samples8), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        }
    }

    [Fact]
    public async Task A_device_that_is_not_there_ends_the_run_before_anything_is_written()
    {
        _tree.Add("photos/a.png", "photos/b.png");
        Outcome outcome = await CommandLine.RunAsync("upscale", _tree.File("photos"), _tree.File("large"), "-d", "cpu,opencl:99");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Contains("'opencl:99'", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_tree.Files(), name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_in_a_folder_whose_name_is_not_utf_8_is_a_failure_and_the_rest_is_done()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Elsewhere every name is Unicode.");
        _tree.Add("photos/a.png");
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path, "cp photos/a.png \"$(printf 'photos/inv\\377.png')\"; cp photos/a.png \"$(printf 'photos/inv\\377.txt')\"; \"$0\" upscale photos large -d cpu; code=$?; rm photos/inv*; exit $code");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png"], _tree.Files("large"));
        Assert.Contains("1 of 2 files written, 1 failed", outcome.ErrorLines[^2], StringComparison.Ordinal);
        Assert.StartsWith("failed: photos/inv", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.EndsWith("its name is not UTF-8; rename it.", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_named_and_whose_name_is_not_utf_8_is_a_failure_that_says_so_and_the_rest_is_done()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Elsewhere every name is Unicode.");
        _tree.Add("a.png");
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path, "n=\"$(printf 'inv\\377.png')\"; cp a.png \"$n\"; \"$0\" upscale a.png \"$n\" large/ -d cpu; code=$?; \"$0\" upscale - stdin.png -d cpu < \"$n\"; rm \"$n\"; exit $code");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png", "large/a.png", "stdin.png"], _tree.Files());
        Assert.Contains(
            "failed: inv\uFFFD.png cannot be opened: its name is not UTF-8; rename it, or give its content to the standard input: gsasr upscale - OUTPUT < FILE",
            outcome.ErrorLines);
    }

    [Theory]
    [InlineData("upscale a.png \"$n\"")]
    [InlineData("field \"$n\" out.safetensors")]
    public async Task What_cannot_be_made_or_read_as_its_name_is_not_utf_8_is_refused(string arguments)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Elsewhere every name is Unicode.");
        _tree.Add("a.png");
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"n=\"$(printf 'inv\\377.png')\"; exec \"$0\" {arguments}");
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Equal("The name inv\uFFFD.png is not UTF-8, and no file can be opened or made by it; use another name.", outcome.ErrorLines[0]);
        Assert.Equal(["a.png"], _tree.Files());
    }

    [Fact]
    public async Task Pipes_and_sockets_in_a_folder_are_left_out()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Only Linux tells what they are.");
        _tree.Add("photos/a.png", "elsewhere.png");
        File.CreateSymbolicLink(_tree.File("photos/b.png"), _tree.File("elsewhere.png"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_tree.File("photos/s.png")));
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path, "mkfifo photos/p.png; ln -s p.png photos/q.png; exec timeout 300 \"$0\" upscale photos large -d cpu");
        AssertSucceeded(outcome);
        Assert.Equal(["a.png", "b.png"], _tree.Files("large"));
    }

    [Fact]
    public async Task A_folder_without_images_among_several_inputs_fails_alone()
    {
        _tree.Add("photos/a.png", "c.png");
        Directory.CreateDirectory(_tree.File("empty"));
        Outcome outcome = await _tree.UpscaleAsync(["empty", "photos", "c.png", "large"]);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(["a.png", "c.png"], _tree.Files("large"));
        Assert.Contains("2 of 3 files written, 1 failed", outcome.ErrorLines[^2], StringComparison.Ordinal);
        Assert.StartsWith($"failed: There are no images in the folder {_tree.File("empty")}", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--overwrite", "2 of 2 files written")]
    [InlineData("--skip-existing", "0 of 2 files written, 2 skipped")]
    public async Task Outputs_beside_their_inputs_are_no_inputs_of_the_next_run(string option, string summary)
    {
        _tree.Add("photos/a.png", "photos/b.png");
        string pattern = Path.Join("{folder}", "{name}_x{scale}.{ext}");
        string[] arguments = ["upscale", _tree.File("photos"), pattern, "-d", "cpu"];
        AssertSucceeded(await CommandLine.RunAsync(arguments));
        string[] expected = ["a.png", "a_x2.png", "b.png", "b_x2.png"];
        Assert.Equal(expected, _tree.Files("photos"));
        Outcome outcome = await CommandLine.RunAsync([.. arguments, option]);
        AssertSucceeded(outcome);
        Assert.Contains("2 of the pictures found are outputs for others", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(summary, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(expected, _tree.Files("photos"));
    }

    [Theory]
    [InlineData("{name}_x{scale}.{ext}", "a_x1.5.png")]
    [InlineData("x{scale}/{name}.{ext}", "x1.5/a.png")]
    public async Task Outputs_of_another_scale_beside_their_inputs_are_no_inputs(string pattern, string first)
    {
        // Another picture has such a name, but not the size.
        string other = first.Replace("1.5", "1", StringComparison.Ordinal);
        _tree.Add("photos/a.png", $"photos/{other}");
        string target = Path.Join(_tree.File("photos"), pattern);
        AssertSucceeded(await CommandLine.RunAsync("upscale", _tree.File("photos/a.png"), target, "-s", "1.5", "-d", "cpu"));
        Assert.Contains(first, _tree.Files("photos"));
        Outcome outcome = await CommandLine.RunAsync("upscale", _tree.File("photos"), target, "-r", "-s", "2", "-d", "cpu");
        AssertSucceeded(outcome);
        Assert.Contains("1 of the pictures found are outputs for others", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2 of 2 files written", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(5, _tree.Files("photos").Length);
    }

    [Fact]
    public async Task What_another_run_writes_meanwhile_is_skipped()
    {
        _tree.Add("a.png", "b.png");
        // The program waits at the pipe until the other outputs are there.
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path,
            "mkdir large; mkfifo p.png; \"$0\" upscale p.png b.png large --skip-existing -d cpu & exec 3>p.png; cp a.png large/p.png; cp a.png large/b.png; cat a.png >&3; exec 3>&-; wait $!");
        AssertSucceeded(outcome);
        Assert.Contains("0 of 2 files written, 2 skipped", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["b.png", "p.png"], _tree.Files("large"));
        Assert.All(_tree.Files("large"), name => Assert.Equal(File.ReadAllBytes(_tree.File("a.png")), File.ReadAllBytes(_tree.File($"large/{name}"))));
    }

    [Theory]
    [InlineData("large")]
    [InlineData("large/{name}_{width}.{ext}")]
    public async Task A_run_that_only_skips_removes_what_a_killed_one_has_left(string target)
    {
        _tree.Add("photos/a.png");
        AssertSucceeded(await _tree.UpscaleAsync(["photos", target]));
        File.WriteAllText(_tree.File("large/.gsasr-notes.tmp"), "Not the program's.");
        string[] expected = _tree.Files("large");
        File.WriteAllText(_tree.File($"large/.gsasr-1-{Guid.NewGuid():N}.tmp"), "");
        AssertSucceeded(await _tree.UpscaleAsync(["photos", target], "--skip-existing"));
        Assert.Equal(expected, _tree.Files("large"));
    }

    private static void AssertSucceeded(Outcome outcome) => Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);

    private string Made(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_tree.File(name))!);
        return _tree.File(name);
    }
}
