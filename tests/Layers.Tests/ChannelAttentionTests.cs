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
    [EachLayerDevice]
    public void Tensors_that_do_not_fit_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        using var weights = new ChannelAttentionWeights(device, new float[8], new float[2], new float[8], new float[4]);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var x = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("x", 60));
        using var y = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("y", 60));
        Assert.Throws<ArgumentNullException>(() => ChannelAttention.AddScaled(x.Tensor, null!, 1, y.Tensor, arena));
        Assert.Throws<ArgumentNullException>(() => ChannelAttention.AddScaled(x.Tensor, weights, 1, y.Tensor, null!));
        Refused(x.Tensor.Reshape(height: 2), y.Tensor);
        Refused(x.Tensor, y.Tensor.Reshape(width: 4));
        Refused(x.Tensor.Reshape(channels: 3), y.Tensor.Reshape(channels: 3));
        void Refused(Tensor from, Tensor to) =>
            Assert.Throws<ArgumentException>(() => ChannelAttention.AddScaled(from, weights, 1, to, arena));
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
        ChannelAttention.AddScaled(input.Tensor, weights, Factor, output.Tensor, arena);
        Bounded[] expected = ReferenceChannelAttention.Run(x, y, squeeze, squeezeBias, expand, expandBias, Factor);
        Expect.Near(expected, output.Read(), channels);
    }
}
