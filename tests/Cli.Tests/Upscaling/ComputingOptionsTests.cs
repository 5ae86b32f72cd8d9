using Gsasr.Imaging;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Options of the computing.</summary>
public sealed class ComputingOptionsTests : IDisposable
{
    private const int Side = 24;
    private const int Window = 12;

    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(true, 70, double.PositiveInfinity)]
    [InlineData(false, 0, 50)]
    public async Task A_wrapped_texture_has_no_edges(bool wraps, double least, double most)
    {
        // Shifted by a window of the model, what was an edge is in the middle: the picture is the same, shifted, but for a few samples that
        // are rounded the other way.
        ImageFile.Write(_tree.File("texture.png"), Texture(shift: 0));
        ImageFile.Write(_tree.File("shifted.png"), Texture(Window));
        string[] options = wraps ? ["--wrap", "--scale", "2"] : ["--scale", "2"];
        Outcome outcome = await _tree.UpscaleAsync(["texture.png", "shifted.png", "large"], options);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Image whole = ImageFile.Read(_tree.File("large/texture.png")), shifted = ImageFile.Read(_tree.File("large/shifted.png"));
        double squares = 0;
        for (int y = 0; y < 2 * Side; y++)
        {
            for (int x = 0; x < 2 * Side; x++)
            {
                double difference = whole.Samples8[y * 2 * Side + x] - shifted.Samples8[y * 2 * Side + (x + 2 * Window) % (2 * Side)];
                squares += difference * difference;
            }
        }

        Assert.InRange(10 * Math.Log10(255.0 * 255.0 * whole.Samples8.Length / squares), least, most);
    }

    [Fact]
    public async Task Little_memory_is_enough_in_smaller_parts()
    {
        Pictures.Write(_tree.File("in.png"), 256, 200);
        Outcome outcome = await ProgramRun.RunAsync(_tree.Path, [], "upscale", "in.png", "out.png", "--memory", "250M", "--verbose", "-d", "cpu");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Matches(@"in\.png: tiles of \d+ x \d+ pixels", outcome.Error);
        Assert.DoesNotContain("tiles of 264 x 204 pixels", outcome.Error, StringComparison.Ordinal);
        Assert.Equal((512, 400), _tree.SizeOf("out.png"));
    }

    [Fact]
    public async Task Too_little_memory_is_refused()
    {
        Pictures.Write(_tree.File("in.png"), 40, 30);
        (await _tree.UpscaleAsync(["in.png", "out.png"], "--memory", "2K")).AssertFailed(ExitCode.Failure, _tree.File("in.png"), "--memory 0.002M is too little");
        (await _tree.UpscaleAsync(["in.png", "out.png"], "--memory", "1M")).AssertFailed(ExitCode.Failure, _tree.File("in.png"), "--memory 1M is too little");
        Assert.Equal(["in.png"], _tree.Files());
    }

    [Theory]
    [InlineData("1M")]
    [InlineData("90M")]
    public async Task A_memory_that_is_too_little_is_answered_with_one_that_is_enough(string memory)
    {
        Pictures.Write(_tree.File("in.png"), 40, 30);
        Outcome refused = await ProgramRun.RunAsync(_tree.Path, [], "upscale", "in.png", "out.png", "--memory", memory, "-d", "cpu", "--quiet");
        refused.AssertFailed(ExitCode.Failure, $"--memory {memory} is too little", " is enough.");
        string enough = refused.Error.Split("--memory ")[2].Split(' ')[0];
        Outcome outcome = await ProgramRun.RunAsync(_tree.Path, [], "upscale", "in.png", "out.png", "--memory", enough, "-d", "cpu", "--quiet");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
    }

    // Noise with a grain of some pixels, which goes on at its other side.
    private static Image Texture(int shift)
    {
        var random = new Random(5);
        byte[] noise = [.. Enumerable.Range(0, Side * Side / 16).Select(_ => (byte)random.Next(256))];
        var samples = new byte[Side * Side];
        for (int i = 0; i < samples.Length; i++)
        {
            int x = (i % Side + Side - shift) % Side, y = i / Side;
            samples[i] = noise[y / 4 * (Side / 4) + x / 4];
        }

        return new Image(Side, Side, ChannelLayout.Grey, samples);
    }
}
