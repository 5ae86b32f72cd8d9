using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>Every operation gives the same bits however many threads share it.</summary>
[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class ThreadCountTests
{
    private const int Height = 24;
    private const int Width = 48;
    private const int Channels = 20;

    private static readonly Dictionary<string, Func<Device, Arena, float[]>> Operations = new()
    {
        ["1x1 convolution"] = (device, arena) => Convolve(device, arena, 1, shuffle: false),
        ["3x3 convolution"] = (device, arena) => Convolve(device, arena, 3, shuffle: false),
        ["3x3 convolution with pixel shuffle"] = (device, arena) => Convolve(device, arena, 3, shuffle: true),
        ["3x3 convolution of many channels"] = (device, arena) => Convolve(device, arena, 3, shuffle: false, inputs: 52, outputs: 100),
        ["layer normalisation"] = Normalize,
        ["window attention"] = (device, arena) => Attend(device, arena, new WindowAttentionSettings(8, 2) { QueryShift = 4, KeyShift = 4 }),
        ["overlapping window attention"] =
            (device, arena) => Attend(device, arena, new WindowAttentionSettings(4, 2) { OverlappingKeyWindowSize = 6 }),
        ["Gaussian heads"] = Heads,
        ["channel attention"] = WeightChannels,
        ["addition"] = Add,
        ["repetition"] = Repeat,
    };

    public static TheoryData<string, int> OperationsAndThreads => new MatrixTheoryData<string, int>(Operations.Keys, [2, 3, 7]);

    [Theory]
    [MemberData(nameof(OperationsAndThreads))]
    public void Results_do_not_depend_on_the_number_of_threads(string operation, int threads) =>
        Expect.SameBits(Run(operation, 1), Run(operation, threads));

    private static float[] Run(string operation, int threads)
    {
        using var device = new CpuDevice(threads);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        float[] result = Operations[operation](device, arena);
        Assert.All(result, value => Assert.True(float.IsFinite(value)));
        return result;
    }

    private static Tensor Input(Arena arena, string name, int height = Height, int width = Width, int channels = Channels)
    {
        Tensor tensor = arena.Allocate(height, width, channels);
        tensor.Upload<float>(Numbers.Of(name, height * width * channels));
        return tensor;
    }

    private static float[] Convolve(Device device, Arena arena, int kernel, bool shuffle, int inputs = Channels, int outputs = 36)
    {
        using ConvolutionWeights weights = ConvolutionWeights.Create(
            device, Numbers.Of("w", outputs * inputs * kernel * kernel), Numbers.Of("b", outputs), inputs, outputs, kernel, shuffle);
        Tensor y = shuffle ? arena.Allocate(2 * Height, 2 * Width, outputs / 4) : arena.Allocate(Height, Width, outputs);
        Convolution.Run(Input(arena, "x", channels: inputs), weights, y, Activation.Gelu);
        return y.ToArray();
    }

    private static float[] Normalize(Device device, Arena arena)
    {
        Tensor y = arena.Allocate(Height, Width, Channels);
        Tensor vector = Input(arena, "v", 1, 1);
        LayerNorm.Run(Input(arena, "x"), vector, vector, y, vector, Input(arena, "table", 12, 12));
        return y.ToArray();
    }

    private static float[] Attend(Device device, Arena arena, WindowAttentionSettings settings)
    {
        Tensor y = arena.Allocate(Height, Width, Channels);
        Tensor rotary = Input(arena, "r", settings.Heads, settings.KeyTokens, Channels / settings.Heads);
        WindowAttention.Run(Input(arena, "q"), Input(arena, "k"), Input(arena, "v"), y, settings with { Rotary = rotary });
        return y.ToArray();
    }

    private static float[] Heads(Device device, Arena arena)
    {
        int[] outputs = [2, 1, 1, 3, 2];
        using var weights = new GaussianHeadsWeights(
            device,
            Channels,
            [.. outputs.Select((_, head) => (Numbers.Of($"w1 {head}", Channels * Channels), Numbers.Of("b1", Channels)))],
            [.. outputs.Select((_, head) => (Numbers.Of($"w2 {head}", 4 * Channels * Channels), Numbers.Of("b2", 4 * Channels)))],
            [.. outputs.Select((size, head) => (Numbers.Of($"w3 {head}", size * 4 * Channels), Numbers.Of("b3", size)))]);
        Tensor y = arena.Allocate(Height, Width, GaussianFormat.Raw.Columns);
        GaussianHeads.Run(Input(arena, "x"), weights, y, new GridBlock(Height, Width, 0, 0).Place(Height, Width, arena), arena);
        return y.ToArray();
    }

    private static float[] WeightChannels(Device device, Arena arena)
    {
        using var weights = new ChannelAttentionWeights(
            device, Numbers.Of("s", 3 * Channels), Numbers.Of("sb", 3), Numbers.Of("e", 3 * Channels), Numbers.Of("eb", Channels));
        Tensor y = Input(arena, "y");
        Tensor x = Input(arena, "x");
        Tensor gates = arena.Allocate(1, 1, Channels);
        Tensor normal = arena.Allocate(Height, Width, Channels);
        Tensor vector = Input(arena, "v", 1, 1);
        ChannelAttention.ComputeGates(ChannelAttention.SumPixels(x, arena), x.Pixels, weights, 0.3f, gates, arena);
        ChannelAttention.AddAndNormalize(x, gates, y, vector, vector, normal);
        return [.. y.ToArray(), .. normal.ToArray()];
    }

    private static float[] Add(Device device, Arena arena)
    {
        Tensor y = arena.Allocate(Height, Width, Channels);
        Elementwise.Add(Input(arena, "a"), Input(arena, "b"), y);
        return y.ToArray();
    }

    private static float[] Repeat(Device device, Arena arena)
    {
        Tensor y = arena.Allocate(Height, Width, Channels);
        Elementwise.Repeat(Input(arena, "table", 5, 7), y);
        return y.ToArray();
    }
}
