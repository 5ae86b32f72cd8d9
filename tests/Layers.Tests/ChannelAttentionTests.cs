using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class ChannelAttentionTests
{
    /// <summary>Height, width, channels, squeezed channels.</summary>
    public static TheoryData<string, int, int, int, int> Shapes
    {
        get
        {
            (int, int, int, int)[] shapes = [(1, 1, 1, 1), (1, 9, 5, 2), (9, 1, 17, 3), (16, 16, 33, 1), (7, 11, 192, 6), (40, 30, 8, 16)];
            var data = new TheoryData<string, int, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int height, int width, int channels, int squeezed) in shapes)
                    data.Add(device, height, width, channels, squeezed);
            }

            return data;
        }
    }

    /// <summary>Parts, channels, squeezed channels.</summary>
    public static TheoryData<string, int, int, int> Parts
    {
        get
        {
            (int, int, int)[] shapes = [(1, 1, 1), (3, 5, 2), (300, 1, 9), (17, 1029, 3), (288, 184, 6), (81, 47, 17)];
            var data = new TheoryData<string, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int parts, int channels, int squeezed) in shapes)
                    data.Add(device, parts, channels, squeezed);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Channels_are_weighted_by_their_means(string device, int height, int width, int channels, int squeezed)
    {
        foreach (Layout x in Enum.GetValues<Layout>())
        {
            foreach (Layout y in Enum.GetValues<Layout>())
                Check(TestDevices.Get(device), height, width, channels, squeezed, x, y);
        }
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void Gates_come_from_sums_in_parts(string name, int parts, int channels, int squeezed)
    {
        const int Pixels = 700;
        const float Factor = 0.37f;
        Device device = TestDevices.Get(name);
        float[] values = Numbers.Of("sums", parts * channels, 20);
        float[] squeeze = Numbers.Of("squeeze", squeezed * channels);
        float[] squeezeBias = Numbers.Of("squeeze bias", squeezed);
        float[] expand = Numbers.Of("expand", channels * squeezed);
        float[] expandBias = Numbers.Of("expand bias", channels);
        using var weights = new ChannelAttentionWeights(device, squeeze, squeezeBias, expand, expandBias);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var gates = new GuardedTensor(device, 1, 1, channels);

        // What fills up fours does not count.
        int pitch = (channels + 3) / 4 * 4;
        var filled = new float[parts * pitch];
        Array.Fill(filled, float.NaN);
        for (int i = 0; i < values.Length; i++)
            filled[i / channels * pitch + i % channels] = values[i];
        Tensor sums = arena.Allocate(1, parts, pitch);
        sums.Upload<float>(filled);
        ChannelAttention.ComputeGates(sums.SliceChannels(0, channels), Pixels, weights, Factor, gates.Tensor, arena);
        Bounded[] expected = [.. ReferenceChannelAttention.Gates(values, Pixels, squeeze, squeezeBias, expand, expandBias).Select(gate => Factor * gate)];
        Expect.Near(expected, gates.Read(), channels);
    }

    [Theory]
    [EachLayerDevice]
    public void Sums_of_convolutions_are_those_of_what_they_write(string name)
    {
        Device device = TestDevices.Get(name);
        using ConvolutionWeights weights = ConvolutionWeights.Create(device, Numbers.Of("w", 5 * 7 * 9), Numbers.Of("b", 5), 7, 5, 3);
        using ConvolutionWeights shuffled = ConvolutionWeights.Create(device, Numbers.Of("w", 8 * 7 * 9), [], 7, 8, 3, pixelShuffle: true);
        using var x = new GuardedTensor(device, 9, 13, 7, values: Numbers.Of("x", 9 * 13 * 7));
        using var y = new GuardedTensor(device, 9, 13, 5);
        using var again = new GuardedTensor(device, 9, 13, 5);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        Tensor sums = Convolution.RunWithSums(x.Tensor, weights, y.Tensor, arena);
        Convolution.Run(x.Tensor, weights, again.Tensor);
        Expect.SameBits(again.Read(), y.Read());
        Expect.SameBits(ChannelAttention.SumPixels(again.Tensor, arena).ToArray(), sums.ToArray());
        Assert.Throws<ArgumentException>(() => Convolution.RunWithSums(x.Tensor, shuffled, arena.Allocate(18, 26, 2), arena));
    }

    [Theory]
    [EachLayerDevice]
    public void Tensors_that_do_not_fit_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        using var weights = new ChannelAttentionWeights(device, new float[8], new float[2], new float[8], new float[4]);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var x = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("x", 60));
        using var y = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("y", 60));
        using var normal = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("normal", 60));
        Tensor gates = arena.Allocate(1, 1, 4);
        Tensor sums = ChannelAttention.SumPixels(x.Tensor, arena);
        Assert.Throws<ArgumentNullException>(() => ChannelAttention.SumPixels(x.Tensor, null!));
        Assert.Throws<ArgumentNullException>(() => ChannelAttention.ComputeGates(sums, 15, null!, 1, gates, arena));
        Assert.Throws<ArgumentNullException>(() => ChannelAttention.ComputeGates(sums, 15, weights, 1, gates, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChannelAttention.ComputeGates(sums, 0, weights, 1, gates, arena));
        Assert.Throws<ArgumentException>(() => ChannelAttention.ComputeGates(sums.Reshape(channels: 3), 15, weights, 1, gates, arena));
        Assert.Throws<ArgumentException>(() => ChannelAttention.ComputeGates(sums, 15, weights, 1, gates.Reshape(channels: 3), arena));
        Assert.Throws<ArgumentException>(() => ChannelAttention.ComputeGates(x.Tensor, 15, weights, 1, gates, arena));
        Refused(x.Tensor.Reshape(height: 2), gates, y.Tensor, normal.Tensor);
        Refused(x.Tensor, gates, y.Tensor.Reshape(width: 4), normal.Tensor);
        Refused(x.Tensor, gates.Reshape(channels: 3), y.Tensor, normal.Tensor);
        Refused(x.Tensor, gates, y.Tensor, normal.Tensor.Reshape(height: 2));
        void Refused(Tensor from, Tensor factors, Tensor to, Tensor last) =>
            Assert.Throws<ArgumentException>(() => ChannelAttention.AddAndNormalize(from, factors, to, gates, gates, last));
    }

    [Theory]
    [EachLayerDevice]
    public void Weights_of_the_wrong_size_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        Assert.Throws<ArgumentNullException>(
            () => new ChannelAttentionWeights(null!, new float[8], new float[2], new float[8], new float[4]));
        Assert.Throws<ArgumentException>(
            () => new ChannelAttentionWeights(device, new float[7], new float[2], new float[8], new float[4]));
        Assert.Throws<ArgumentException>(
            () => new ChannelAttentionWeights(device, new float[8], new float[2], new float[9], new float[4]));
    }

    private static void Check(Device device, int height, int width, int channels, int squeezed, Layout xLayout, Layout yLayout)
    {
        const float Factor = 0.37f;
        float[] x = Numbers.Of("x", height * width * channels);
        float[] y = Numbers.Of("y", height * width * channels);
        float[] squeeze = Numbers.Of("squeeze", squeezed * channels);
        float[] squeezeBias = Numbers.Of("squeeze bias", squeezed);
        float[] expand = Numbers.Of("expand", channels * squeezed);
        float[] expandBias = Numbers.Of("expand bias", channels);
        using var weights = new ChannelAttentionWeights(device, squeeze, squeezeBias, expand, expandBias);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var input = new GuardedTensor(device, height, width, channels, xLayout, x);
        using var output = new GuardedTensor(device, height, width, channels, yLayout, y);
        using var normal = new GuardedTensor(device, height, width, channels, yLayout);
        using var again = new GuardedTensor(device, height, width, channels, yLayout);
        Tensor gates = arena.Allocate(1, 1, channels);
        Tensor gamma = Vector("gamma");
        Tensor beta = Vector("beta");
        ChannelAttention.ComputeGates(ChannelAttention.SumPixels(input.Tensor, arena), height * width, weights, Factor, gates, arena);
        ChannelAttention.AddAndNormalize(input.Tensor, gates, output.Tensor, gamma, beta, normal.Tensor);
        Bounded[] expected = ReferenceChannelAttention.Run(x, y, squeeze, squeezeBias, expand, expandBias, Factor);
        Expect.Near(expected, output.Read(), channels);
        LayerNorm.Run(output.Tensor, gamma, beta, again.Tensor);
        Expect.SameBits(again.Read(), normal.Read());

        Tensor Vector(string name)
        {
            Tensor vector = arena.Allocate(1, 1, channels);
            vector.Upload<float>(Numbers.Of(name, channels));
            return vector;
        }
    }
}
