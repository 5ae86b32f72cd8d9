using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class ConvolutionTests
{
    private static readonly string[] AllActivations = Enum.GetNames<Activation>();

    public enum ResidualKind
    {
        None,
        Separate,
        InPlace,
    }

    public enum BiasKind
    {
        Own,
        None,
        Override,
    }

    /// <summary>Height, width, input channels, output channels: 1 and around tiles of 6 rows and vectors of 4 to 16.</summary>
    public static TheoryData<string, int, int, int, int, int> Shapes
    {
        get
        {
            (int, int, int, int)[] shapes =
            [
                (1, 1, 1, 1), (1, 1, 64, 64), (1, 5, 3, 7), (2, 3, 17, 15), (3, 2, 5, 33), (1, 6, 16, 16), (1, 7, 31, 32),
                (5, 13, 3, 64), (4, 24, 16, 8), (9, 25, 8, 20), (5, 100, 16, 18), (97, 3, 7, 12), (6, 7, 180, 64), (3, 11, 64, 192),
            ];
            var data = new TheoryData<string, int, int, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int height, int width, int inputs, int outputs) in shapes)
                {
                    data.Add(device, 1, height, width, inputs, outputs);
                    data.Add(device, 3, height, width, inputs, outputs);
                }
            }

            return data;
        }
    }

    public static TheoryData<string, int, string, ResidualKind, BiasKind> Epilogues =>
        new MatrixTheoryData<string, int, string, ResidualKind, BiasKind>(
            LayerDevices.Names, [1, 3], AllActivations, Enum.GetValues<ResidualKind>(), Enum.GetValues<BiasKind>());

    public static TheoryData<string, int, Layout, Layout, Layout> Layouts
    {
        get
        {
            Layout[] layouts = Enum.GetValues<Layout>();
            return new MatrixTheoryData<string, int, Layout, Layout, Layout>(LayerDevices.Names, [1, 3], layouts, layouts, layouts);
        }
    }

    /// <summary>First row, first column, rows and columns of an image of 9 x 14.</summary>
    public static TheoryData<string, int, bool, int, int, int, int> Rectangles
    {
        get
        {
            (int, int, int, int)[] rectangles =
            [
                (0, 0, 9, 14), (0, 0, 1, 1), (8, 13, 1, 1), (4, 6, 1, 1), (2, 0, 5, 14),
                (0, 3, 9, 8), (1, 1, 7, 12), (3, 5, 4, 7), (5, 2, 4, 12),
            ];
            var data = new TheoryData<string, int, bool, int, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach (int kernel in (int[])[1, 3])
                {
                    foreach ((int row, int column, int rows, int columns) in rectangles)
                    {
                        data.Add(device, kernel, false, row, column, rows, columns);
                        data.Add(device, kernel, true, row, column, rows, columns);
                    }
                }
            }

            return data;
        }
    }

    public static TheoryData<string, int, int, string> Shuffles =>
        new MatrixTheoryData<string, int, int, string>(LayerDevices.Names, [1, 3], [1, 3, 5, 16, 20, 33, 64], AllActivations);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Products_of_any_shape_are_right(string device, int kernel, int height, int width, int inputs, int outputs) =>
        Check(TestDevices.Get(device), new Case(height, width, inputs, outputs, kernel));

    /// <summary>Height, width, kernel, outputs: enough pixels for the largest tiles of a GPU, and not whole numbers of them.</summary>
    public static TheoryData<string, int, int, int, int> LargeShapes
    {
        get
        {
            var data = new TheoryData<string, int, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int height, int width, int kernel, int outputs) in
                    ((int, int, int, int)[])[(181, 183, 1, 96), (183, 181, 1, 124), (129, 130, 3, 180), (131, 129, 1, 250)])
                {
                    data.Add(device, height, width, kernel, outputs);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait(Traits.Large, Traits.Yes)]
    [MemberData(nameof(LargeShapes))]
    public void Products_of_many_pixels_are_right(string device, int height, int width, int kernel, int outputs)
    {
        var test = new Case(height, width, 4, outputs, kernel) { Activation = Activation.Relu, Residual = ResidualKind.Separate };
        Check(TestDevices.Get(device), test);
        if (outputs % 4 == 0 && kernel == 1)
            Check(TestDevices.Get(device), test with { Shuffle = true, Residual = ResidualKind.None, Y = Layout.Slice });
    }

    [Theory]
    [MemberData(nameof(Epilogues))]
    public void Bias_activation_and_residual_follow_the_product(
        string device, int kernel, string activation, ResidualKind residual, BiasKind bias)
    {
        // Inputs of this size take the activations into their curved and their flat parts.
        var test = new Case(5, 7, 8, 21, kernel) { Activation = Enum.Parse<Activation>(activation), Residual = residual, Bias = bias, Amplitude = 2 };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { Height = 2, Width = 2, Inputs = 3, Outputs = 64, Amplitude = 4 });
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Tensors_may_be_slices_of_wider_ones(string device, int kernel, Layout x, Layout y, Layout residual)
    {
        var test = new Case(6, 9, 10, 19, kernel) { X = x, Y = y, ResidualLayout = residual, Residual = ResidualKind.Separate };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { Residual = ResidualKind.InPlace, Activation = Activation.Relu });
        Check(TestDevices.Get(device), test with { Residual = ResidualKind.None, Outputs = 4 * 6, Shuffle = true });
    }

    [Theory]
    [MemberData(nameof(Rectangles))]
    public void A_rectangle_of_the_output_sees_its_neighbours(
        string device, int kernel, bool shuffle, int firstRow, int firstColumn, int rows, int columns)
    {
        var test = new Case(9, 14, 6, 20, kernel)
        {
            Shuffle = shuffle,
            FirstRow = firstRow,
            FirstColumn = firstColumn,
            Rows = rows,
            Columns = columns,
            Residual = shuffle ? ResidualKind.None : ResidualKind.Separate,
            X = Layout.Slice,
        };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { X = Layout.Dense, Residual = ResidualKind.None });
        Check(TestDevices.Get(device), test with { Inputs = 50, Outputs = 52 });
    }

    [Theory]
    [MemberData(nameof(Shuffles))]
    public void Pixel_shuffle_makes_four_pixels_of_one(string device, int kernel, int channels, string activation) =>
        Check(TestDevices.Get(device), new Case(5, 8, 12, 4 * channels, kernel) { Shuffle = true, Activation = Enum.Parse<Activation>(activation) });

    /// <summary>
    /// Height, width, input and output channels, shuffle: so many channels that Winograd's way is taken, with odd numbers of rows,
    /// columns and channels, and patches that the border cuts; the last ones are several of the processor's blocks, which end within
    /// rows of patches, and have runs of patches that touch no border.
    /// </summary>
    public static TheoryData<string, int, int, int, int, bool> WideShapes
    {
        get
        {
            (int, int, int, int, bool)[] shapes =
            [
                (1, 1, 48, 48, false), (1, 2, 49, 50, false), (2, 1, 50, 49, false), (2, 2, 51, 51, false), (3, 3, 64, 60, true),
                (5, 4, 97, 48, false), (4, 7, 192, 64, false), (9, 6, 64, 84, true), (23, 25, 52, 49, false), (7, 3, 200, 65, false),
                (9, 75, 48, 64, false), (8, 61, 64, 192, true),
            ];
            var data = new TheoryData<string, int, int, int, int, bool>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int height, int width, int inputs, int outputs, bool shuffle) in shapes)
                    data.Add(device, height, width, inputs, outputs, shuffle);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(WideShapes))]
    public void Convolutions_of_many_channels_are_right(string device, int height, int width, int inputs, int outputs, bool shuffle)
    {
        var test = new Case(height, width, inputs, outputs, 3) { Shuffle = shuffle };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { X = Layout.Slice, Y = Layout.Slice, Activation = Activation.Gelu });
        if (shuffle)
            return;
        Check(TestDevices.Get(device), test with { Residual = ResidualKind.InPlace, Activation = Activation.Relu });
        Check(TestDevices.Get(device), test with { Residual = ResidualKind.Separate, ResidualLayout = Layout.Slice, Bias = BiasKind.Override });
    }

    [Theory]
    [EachLayerDevice]
    public void Bands_and_blocks_of_large_images_join_without_a_trace(string name)
    {
        const int Size = 300;
        const int Channels = 48;
        const int FirstRow = 140;
        const int Rows = 20;
        Device device = TestDevices.Get(name);
        float[] weight = Numbers.Of("weight", Channels * Channels * 9);
        using ConvolutionWeights weights = ConvolutionWeights.Create(device, weight, [], Channels, Channels, kernelSize: 3);
        using var x = new GuardedTensor(device, Size, Size, Channels, values: Numbers.Of("image", Size * Size * Channels));
        using var whole = new GuardedTensor(device, Size, Size, Channels);
        using var part = new GuardedTensor(device, Rows, Size, Channels);
        Convolution.Run(x.Tensor, weights, whole.Tensor);
        Convolution.Run(x.Tensor, weights, part.Tensor, firstRow: FirstRow);
        Expect.SameBits(part.Read(), whole.Read().AsSpan(FirstRow * Size * Channels, Rows * Size * Channels));
    }

    [Theory]
    [EachLayerDevice]
    public void Weights_and_tensors_that_do_not_fit_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        using ConvolutionWeights weights = Weights(device, 3, 8);
        using ConvolutionWeights shuffle = ConvolutionWeights.Create(device, Numbers.Of("w", 24), [], 3, 8, pixelShuffle: true);
        using var tensors = new GuardedTensor(device, 4, 6, 16, values: Numbers.Of("x", 4 * 6 * 16));
        Tensor x = tensors.Tensor.SliceChannels(0, 3);
        Tensor y = tensors.Tensor.SliceChannels(8, 8);
        Tensor vector = y.Reshape(height: 1, width: 1);

        Assert.Throws<ArgumentNullException>(() => Convolution.Run(x, null!, y));
        Refused(x.Reshape(channels: 4), weights, y);
        Refused(x, weights, y.Reshape(channels: 7));
        Refused(x, weights, y.Reshape(height: 5));
        Refused(x, weights, y.Reshape(width: 7));
        Refused(x, weights, y, firstRow: 1);
        Refused(x, weights, y, firstColumn: 1);
        Refused(x, weights, y.Reshape(height: 3), firstRow: -1);
        Refused(x, weights, y.Reshape(width: 5), firstColumn: -1);
        Refused(x, weights, y, residual: y.Reshape(width: 5));
        Refused(x, weights, y, residual: y.Reshape(channels: 7));
        Refused(x, weights, y, bias: vector.Reshape(channels: 7));
        Refused(x, weights, y, bias: vector.Reshape(width: 2));
        Refused(x, shuffle, y);
        Refused(x, shuffle, y.Reshape(height: 3, channels: 2));
        Refused(x, shuffle, y.Reshape(width: 5, channels: 2));
        Tensor shuffled = y.Reshape(height: 4, width: 6, channels: 2);
        Refused(x, shuffle, shuffled, residual: shuffled);
        Refused(x, shuffle, shuffled, bias: vector);
    }

    [Theory]
    [EachLayerDevice]
    public void Weights_of_the_wrong_size_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        var values = new float[36];
        Assert.Throws<ArgumentNullException>(() => ConvolutionWeights.Create(null!, values, [], 4, 9));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(device, values, [], 4, 8));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(device, values, [], 4, 9, kernelSize: 3));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(device, values, [], 1, 9, kernelSize: 2));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(device, values, values.AsSpan(0, 8), 4, 9));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(device, values, [], 4, 9, pixelShuffle: true));
    }

    private static ConvolutionWeights Weights(Device device, int inputs, int outputs) =>
        ConvolutionWeights.Create(device, Numbers.Of("w", inputs * outputs), Numbers.Of("b", outputs), inputs, outputs);

    private static void Refused(
        Tensor x,
        ConvolutionWeights weights,
        Tensor y,
        Tensor? residual = null,
        Tensor? bias = null,
        int firstRow = 0,
        int firstColumn = 0) =>
        Assert.Throws<ArgumentException>(
            () => Convolution.Run(x, weights, y, Activation.None, residual, bias, firstRow, firstColumn));

    internal static void Check(Device device, Case test)
    {
        int rows = test.Rows > 0 ? test.Rows : test.Height;
        int columns = test.Columns > 0 ? test.Columns : test.Width;
        float[] image = Numbers.Of("image", test.Height * test.Width * test.Inputs, test.Amplitude);
        float[] weight = Numbers.Of("weight", test.Outputs * test.Inputs * test.Kernel * test.Kernel);
        float[] ownBias = test.Bias == BiasKind.None ? [] : Numbers.Of("bias", test.Outputs);
        float[] otherBias = Numbers.Of("other bias", test.Outputs);
        float[]? residual = test.Residual == ResidualKind.None ? null : Numbers.Of("residual", rows * columns * test.Outputs);

        Bounded[] expected = new ReferenceConvolution
        {
            Height = test.Height,
            Width = test.Width,
            InputChannels = test.Inputs,
            OutputChannels = test.Outputs,
            KernelSize = test.Kernel,
            Image = image,
            Weight = weight,
            Bias = test.Bias == BiasKind.Override ? otherBias : ownBias,
            Activation = test.Activation,
            Residual = residual,
        }.Run(test.FirstRow, test.FirstColumn, rows, columns);
        int factor = test.Shuffle ? 2 : 1;
        int channels = test.Outputs / (factor * factor);
        if (test.Shuffle)
            expected = ReferenceConvolution.Shuffle(expected, rows, columns, channels);

        using ConvolutionWeights weights =
            ConvolutionWeights.Create(device, weight, ownBias, test.Inputs, test.Outputs, test.Kernel, test.Shuffle);
        bool inPlace = test.Residual == ResidualKind.InPlace;
        using var x = new GuardedTensor(device, test.Height, test.Width, test.Inputs, test.X, image);
        using var y = new GuardedTensor(device, factor * rows, factor * columns, channels, test.Y, inPlace ? residual : null);
        using var separate = new GuardedTensor(device, rows, columns, test.Outputs, test.ResidualLayout, residual);
        using var bias = new GuardedTensor(device, 1, 1, test.Outputs, values: otherBias);
        Convolution.Run(
            x.Tensor,
            weights,
            y.Tensor,
            test.Activation,
            residual is null ? null : inPlace ? y.Tensor : separate.Tensor,
            test.Bias == BiasKind.Override ? bias.Tensor : null,
            test.FirstRow,
            test.FirstColumn);
        Expect.Near(expected, y.Read(), channels);
    }

    internal sealed record Case(int Height, int Width, int Inputs, int Outputs, int Kernel)
    {
        public float Amplitude { get; init; } = 1;

        public Activation Activation { get; init; }

        public ResidualKind Residual { get; init; }

        public BiasKind Bias { get; init; }

        public bool Shuffle { get; init; }

        public Layout X { get; init; }

        public Layout Y { get; init; }

        public Layout ResidualLayout { get; init; }

        public int FirstRow { get; init; }

        public int FirstColumn { get; init; }

        public int Rows { get; init; }

        public int Columns { get; init; }
    }
}
