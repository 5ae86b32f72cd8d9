namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>What a run refuses before it has done anything.</summary>
public sealed class BatchRefusalTests : IDisposable
{
    private readonly FileTree _tree = new();
    private readonly string[] _before;

    public BatchRefusalTests()
    {
        _tree.Add("photos/a.png", "photos/a.jpg", "photos/sub/a.png", "empty/sub/b.png", "there/a.png");
        _before = _tree.Files();
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("photos/a.png,photos/sub/a.png,out")]
    [InlineData("photos,out/same.png,--format,png")]
    [InlineData("photos,out/{name}.png")]
    [InlineData("photos,out/{name}_{width}.png")]
    public async Task Two_inputs_for_one_output(string arguments) =>
        AssertRefused(await RunAsync(arguments), arguments.Contains("same", StringComparison.Ordinal) ? "is one file, for a folder or several inputs" : "would both be written to");

    [Theory]
    [InlineData("photos/a.png,photos/a.png,--overwrite")]
    [InlineData("photos/a.png,photos/sub/../a.png,--overwrite")]
    [InlineData("photos,photos,--overwrite")]
    [InlineData("photos,photos,--skip-existing")]
    [InlineData("photos/a.png,photos/a.jpg,photos/{name}.png,--overwrite")]
    public async Task An_output_that_is_an_input(string arguments)
    {
        byte[] content = File.ReadAllBytes(_tree.File("photos/a.png"));
        Outcome outcome = await RunAsync(arguments);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Equal(content, File.ReadAllBytes(_tree.File("photos/a.png")));
        Assert.Equal(_before, _tree.Files());
    }

    [Fact]
    public async Task An_output_that_is_an_input_by_way_of_a_link()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Links need a privilege on Windows.");
        Directory.CreateSymbolicLink(_tree.File("link"), _tree.File("photos"));
        AssertRefused(await RunAsync("photos/a.png,link/a.png,--overwrite"), "is an input, and would be replaced");
    }

    [Fact]
    public async Task Outputs_that_exist() =>
        AssertRefused(await RunAsync("photos/a.png,there"), "exists already", "--overwrite");

    [Fact]
    public async Task Some_outputs_that_exist() =>
        AssertRefused(await RunAsync("photos/a.png,empty/sub/b.png,there"), "exists already", "--skip-existing", "--overwrite");

    [Fact]
    public async Task A_folder_without_images() => AssertRefused(await RunAsync("empty,out"), "no images in the folder", "--recursive");

    [Theory]
    [InlineData("photos/a.png,out{x}.png", "{name}")]
    [InlineData("photos/a.png,out{.png", "{name}")]
    [InlineData("photos/a.png,out/{name}/", "{ext}")]
    [InlineData("photos/a.png,out/{scale}.png,--width,40", "{scale}", "--scale")]
    [InlineData("photos/a.png,out.png,--format,jpg", "out.png", "--format jpg")]
    [InlineData("photos,out/{name}.xyz", "'.xyz' cannot be written")]
    [InlineData("photos,photos/{name}_{width}.{ext}", "another folder")]
    [InlineData("photos,there/a.png", "is one file, for a folder or several inputs")]
    public async Task An_output_that_makes_no_sense(string arguments, params string[] parts) => AssertRefused(await RunAsync(arguments), parts);

    [Theory]
    [InlineData("", "INPUT and OUTPUT are missing")]
    [InlineData("in.png", "OUTPUT is missing")]
    [InlineData("in.png,out.png,--skip-existing,--overwrite", "--skip-existing")]
    [InlineData("in.png,out.png,--format,gif", "'gif'")]
    [InlineData("in.png,-", "--format")]
    [InlineData("in.png,-,--format,png,--json", "--json")]
    [InlineData("in.png,out.png,--size,30x20,--scale,2", "--size", "--scale")]
    [InlineData("in.png,out.png,--width,30,--height,20", "--size")]
    [InlineData("in.png,out.png,--fit,cover", "--fit")]
    [InlineData("in.png,out.png,--size,40x40,--fit,cover,--wrap", "--wrap and --fit cover")]
    [InlineData("in.png,out.png,--size,30x20,--fit,fill", "'fill'")]
    [InlineData("in.png,out.png,--size,30x20,--as-published", "--as-published")]
    [InlineData("in.png,out.png,--device=cpu;cpu", "twice")]
    [InlineData("in.png,out.png,--device=auto;cpu", "auto")]
    [InlineData("in.png,out.png,--shard,0/2", "'0/2'")]
    [InlineData("in.png,out.png,--shard,3/2", "'3/2'")]
    [InlineData("in.png,out.png,--shard,auto", "Slurm", "Kubernetes")]
    public async Task Senseless_arguments(string arguments, params string[] parts)
    {
        string[] all = [.. arguments.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(argument => argument.Replace(';', ','))];
        Outcome outcome = await CommandLine.RunAsync(["upscale", .. all]);
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.All(parts, part => Assert.Contains(part, outcome.Error, StringComparison.Ordinal));
    }

    private Task<Outcome> RunAsync(string arguments)
    {
        string[] all = arguments.Split(',');
        int paths = Array.FindIndex(all, argument => argument.StartsWith('-'));
        paths = paths < 0 ? all.Length : paths;
        return _tree.UpscaleAsync(all[..paths], all[paths..]);
    }

    // One line on the error stream, and nothing else than before.
    private void AssertRefused(Outcome outcome, params string[] parts)
    {
        outcome.AssertFailed(ExitCode.Failure, parts);
        Assert.Equal(_before, _tree.Files().Where(name => !name.StartsWith("link/", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(_tree.File("out")));
    }
}
