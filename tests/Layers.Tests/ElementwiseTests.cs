using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class ElementwiseTests
{
    private static readonly (int Height, int Width, int Channels)[] Shapes = [(1, 1, 1), (3, 7, 5), (5, 2, 16), (2, 3, 33), (9, 4, 180)];

    public static TheoryData<string, Layout, Layout, Layout> Layouts
    {
        get
        {
            Layout[] layouts = Enum.GetValues<Layout>();
            return new MatrixTheoryData<string, Layout, Layout, Layout>(LayerDevices.Names, layouts, layouts, layouts);
        }
    }

    public static TheoryData<string, Layout, Layout> TwoLayouts =>
        new MatrixTheoryData<string, Layout, Layout>(LayerDevices.Names, Enum.GetValues<Layout>(), Enum.GetValues<Layout>());

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Sums_are_exactly_rounded(string name, Layout aLayout, Layout bLayout, Layout yLayout)
    {
        Device device = TestDevices.Get(name);
        foreach ((int height, int width, int channels) in Shapes)
        {
            float[] first = Numbers.Of("a", height * width * channels);
            float[] second = Numbers.Of("b", height * width * channels, 0.3f);
            float[] sums = [.. first.Zip(second, (a, b) => (float)((double)a + b))];
            using var a = new GuardedTensor(device, height, width, channels, aLayout, first);
            using var b = new GuardedTensor(device, height, width, channels, bLayout, second);
            using var y = new GuardedTensor(device, height, width, channels, yLayout);
            Elementwise.Add(a.Tensor, b.Tensor, y.Tensor);
            Expect.SameBits(sums, y.Read());

            Elementwise.Add(a.Tensor, b.Tensor, b.Tensor);
            Expect.SameBits(sums, b.Read());
            Elementwise.Add(a.Tensor, a.Tensor, a.Tensor);
            Expect.SameBits([.. first.Select(value => 2 * value)], a.Read());
        }
    }

    [Theory]
    [MemberData(nameof(TwoLayouts))]
    public void Tables_repeat_over_the_image(string name, Layout tableLayout, Layout yLayout)
    {
        Device device = TestDevices.Get(name);
        (int, int, int, int, int)[] shapes = [(1, 1, 1, 1, 1), (4, 6, 2, 3, 5), (5, 7, 3, 2, 16), (2, 3, 4, 5, 33), (24, 12, 12, 12, 20)];
        foreach ((int height, int width, int tableHeight, int tableWidth, int channels) in shapes)
        {
            float[] values = Numbers.Of("table", tableHeight * tableWidth * channels);
            using var table = new GuardedTensor(device, tableHeight, tableWidth, channels, tableLayout, values);
            using var y = new GuardedTensor(device, height, width, channels, yLayout);
            Elementwise.Repeat(table.Tensor, y.Tensor);
            var expected = new float[height * width * channels];
            for (int i = 0; i < expected.Length; i++)
            {
                int row = i / channels / width;
                int column = i / channels % width;
                expected[i] = values[((((row % tableHeight) * tableWidth) + (column % tableWidth)) * channels) + (i % channels)];
            }

            Expect.SameBits(expected, y.Read());
        }
    }

    [Theory]
    [EachLayerDevice]
    public void Tensors_that_do_not_fit_are_refused(string name)
    {
        using var memory = new GuardedTensor(TestDevices.Get(name), 3, 5, 8, values: Numbers.Of("x", 120));
        Tensor x = memory.Tensor.SliceChannels(0, 4);
        Tensor y = memory.Tensor.SliceChannels(4, 4);
        Assert.Throws<ArgumentException>(() => Elementwise.Add(x.Reshape(height: 2), x, y));
        Assert.Throws<ArgumentException>(() => Elementwise.Add(x, x.Reshape(width: 4), y));
        Assert.Throws<ArgumentException>(() => Elementwise.Add(x, x, y.Reshape(channels: 3)));
        Assert.Throws<ArgumentException>(() => Elementwise.Repeat(x.Reshape(channels: 3), y));
    }
}
