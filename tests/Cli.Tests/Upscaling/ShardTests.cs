namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Parts of a batch for several machines.</summary>
public sealed class ShardTests : IDisposable
{
    private static readonly string[] s_names = [.. Enumerable.Range(0, 12).Select(i => $"sub{i % 3}/picture {i:00}.png")];

    private readonly FileTree _tree = new();

    public ShardTests() => _tree.Add([.. s_names.Select(name => "photos/" + name)]);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task All_shards_together_are_the_whole_and_none_has_a_file_twice()
    {
        var all = new List<string>();
        for (int i = 1; i <= 3; i++)
        {
            string folder = $"shard{i}";
            Outcome outcome = await _tree.UpscaleAsync(["photos", folder], "-r", "--shard", $"{i}/3");
            Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
            string[] files = Directory.Exists(_tree.File(folder)) ? _tree.Files(folder) : [];
            Assert.NotEqual(s_names.Length, files.Length);
            all.AddRange(files);
        }

        Assert.Equal(s_names.Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
    }

    // By xxhsum -H1 of the paths: 716edebb3866911d, 359e6c6c84db4a16; b96e546e4b164d1c; the others leave 0 when divided by 5.
    [Theory]
    [InlineData("1/5", "2019/may/d.webp", "sub/Größe 日本 ☕.png", "sub/b.png")]
    [InlineData("2/5", "sub/e.png")]
    [InlineData("3/5")]
    [InlineData("5/5", "a.png", "c.jpg")]
    public async Task The_shard_goes_by_the_hash_of_the_path(string shard, params string[] expected)
    {
        _tree.Add("hashed/a.png", "hashed/c.jpg", "hashed/2019/may/d.webp", "hashed/sub/Größe 日本 ☕.png", "hashed/sub/b.png", "hashed/sub/e.png");
        Outcome outcome = await _tree.UpscaleAsync(["hashed", "out"], "-r", "--shard", shard);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal(expected, Directory.Exists(_tree.File("out")) ? _tree.Files("out") : []);
    }

    [Fact]
    public async Task A_file_stays_in_its_shard_whatever_else_there_is_and_wherever_the_folder_lies()
    {
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["photos", "before"], "-r", "--shard", "1/2")).ExitCode);
        string[] before = _tree.Files("before");
        Directory.Move(_tree.File("photos"), _tree.File("moved"));
        File.Delete(_tree.File("moved/" + before[0]));
        _tree.Add("moved/new.png");
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["moved", "after"], "-r", "--shard", "1/2")).ExitCode);
        Assert.Equal(before[1..], _tree.Files("after").Except(["new.png"]));
    }

    [Fact]
    public async Task A_shard_without_pictures_is_no_failure()
    {
        var counts = new List<int>();
        for (int i = 1; i <= 3; i++)
        {
            Outcome outcome = await _tree.UpscaleAsync([$"photos/{s_names[0]}", $"out{i}.png"], "--shard", $"{i}/3");
            Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
            counts.Add(File.Exists(_tree.File($"out{i}.png")) ? 1 : 0);
        }

        Assert.Equal(1, counts.Sum());
    }

    [Theory]
    [InlineData("2/3", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2 SLURM_ARRAY_TASK_COUNT=3")]
    [InlineData("3/3", "SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=14 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=2")]
    [InlineData("1/3", "JOB_COMPLETION_INDEX=0 GSASR_SHARD_COUNT=3")]
    [InlineData("3/3", "JOB_COMPLETION_INDEX=2 GSASR_SHARD_COUNT=3")]
    public async Task Auto_takes_the_shard_from_the_environment(string same, string environment)
    {
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["photos", "expected"], "-r", "--shard", same)).ExitCode);
        Outcome outcome = await RunAsync(environment);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal(_tree.Files("expected"), _tree.Files("out"));
    }

    [Theory]
    [InlineData("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2 SLURM_ARRAY_TASK_COUNT=3", "no gaps")]
    [InlineData("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=1", "no gaps")]
    [InlineData("SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=3", "no gaps")]
    [InlineData("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2", "SLURM_ARRAY_TASK_COUNT", "not set")]
    [InlineData("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MAX", "not set")]
    [InlineData("SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_ID", "'x'")]
    [InlineData("JOB_COMPLETION_INDEX=1", "GSASR_SHARD_COUNT", "not set")]
    [InlineData("JOB_COMPLETION_INDEX=3 GSASR_SHARD_COUNT=3", "JOB_COMPLETION_INDEX is 3")]
    [InlineData("", "Slurm", "Kubernetes")]
    public async Task An_environment_that_does_not_say_the_shard_is_refused(string environment, params string[] parts)
    {
        Outcome outcome = await RunAsync(environment);
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.All(parts, part => Assert.Contains(part, outcome.Error, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_tree.File("out")));
    }

    private Task<Outcome> RunAsync(string environment)
    {
        Dictionary<string, string> variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(variable => variable.Split('=')).ToDictionary(parts => parts[0], parts => parts[1]);
        return ProgramRun.RunAsync(_tree.Path, variables, "upscale", "photos", "out", "-r", "--shard", "auto", "-d", "cpu");
    }
}
