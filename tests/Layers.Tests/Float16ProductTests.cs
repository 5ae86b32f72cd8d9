using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>
/// The products of float16, convolutions and Gaussian heads, which have kernels of their own on each generation of hardware, against those of
/// float32 on the processor, with the same rounded numbers.
/// </summary>
public abstract class Float16ProductTests
{
    // Results are rounded once to 11 bits, sums are float32.
    private const double Rounding = 1.0 / 2048 + 1e-5;

    /// <summary>Height, width, channels in and out, kernel, activation, residual, pixel shuffle: whole tiles, one less, one more.</summary>
    public static TheoryData<int, int, int, int, int, string, bool, bool> Convolutions => new()
    {
        { 1, 1, 8, 8, 1, nameof(Activation.None), false, false },
        { 1, 1, 64, 64, 3, nameof(Activation.None), false, false },
        { 8, 16, 64, 64, 1, nameof(Activation.Relu), true, false },
        { 1, 127, 64, 192, 1, nameof(Activation.None), true, false },
        { 3, 43, 72, 136, 1, nameof(Activation.Gelu), false, false },
        { 7, 19, 40, 24, 3, nameof(Activation.LeakyRelu), true, false },
        { 11, 12, 8, 192, 3, nameof(Activation.None), true, false },
        { 9, 13, 16, 96, 3, nameof(Activation.None), false, true },
        { 5, 7, 8, 32, 1, nameof(Activation.Relu), false, true },
        { 12, 12, 320, 64, 1, nameof(Activation.None), true, false },
        { 7, 18, 72, 40, 3, nameof(Activation.Relu), true, false },

        // More groups than run at once: the last rows go to groups of fewer columns.
        { 16, 38, 72, 184, 1, nameof(Activation.Relu), true, false },
        { 15, 36, 8, 192, 3, nameof(Activation.None), false, true },
    };

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Convolutions_are_right(
        int height, int width, int inputs, int outputs, int kernel, string activation, bool residual, bool shuffle)
    {
        GpuDevice gpu = GetGpu();
        float[] weight = Float16Tensor.Rounded(Numbers.Of("weight", outputs * inputs * kernel * kernel, 1 / MathF.Sqrt(inputs * kernel * kernel)));
        float[] bias = Numbers.Of("bias", outputs);
        float[] image = Float16Tensor.Rounded(Numbers.Of("x", height * width * inputs));
        int factor = shuffle ? 2 : 1;
        int channels = outputs / (factor * factor);
        float[] added = Float16Tensor.Rounded(Numbers.Of("residual", height * width * outputs));

        using ConvolutionWeights weights =
            ConvolutionWeights.Create(gpu, weight, bias, inputs, outputs, kernel, shuffle, ElementType.Float16);
        using var x = new Float16Tensor(gpu, height, width, inputs, image);
        using var y = new Float16Tensor(gpu, height * factor, width * factor, channels, residual ? added : null);
        Convolution.Run(x.Tensor, weights, y.Tensor, Enum.Parse<Activation>(activation), residual ? y.Tensor : null);

        using var cpu = new CpuDevice();
        using ConvolutionWeights exact = ConvolutionWeights.Create(cpu, weight, bias, inputs, outputs, kernel, shuffle);
        Tensor exactX = cpu.Upload(image, height, width, inputs);
        Tensor exactY = cpu.Upload(added, height * factor, width * factor, channels);
        Convolution.Run(exactX, exact, exactY, Enum.Parse<Activation>(activation), residual ? exactY : null);
        Near(exactY.ToArray(), y.Read(), 2e-5);
    }

    [Theory]
    [InlineData(1, 1, 8, 8, 1)]
    [InlineData(1, 1, 64, 64, 3)]
    [InlineData(8, 16, 64, 64, 1)]
    [InlineData(1, 127, 64, 192, 1)]
    [InlineData(3, 43, 72, 136, 1)]
    [InlineData(7, 19, 40, 24, 3)]
    [InlineData(11, 12, 8, 192, 3)]
    [InlineData(3, 5, 8, 200, 1)]
    public void Sums_of_pixels_are_right(int height, int width, int inputs, int outputs, int kernel)
    {
        GpuDevice gpu = GetGpu();
        int pixels = height * width;
        float[] weight = Numbers.Of("weight", outputs * inputs * kernel * kernel, 1 / MathF.Sqrt(inputs * kernel * kernel));
        using ConvolutionWeights weights = ConvolutionWeights.Create(
            gpu, weight, Numbers.Of("bias", outputs), inputs, outputs, kernel, elementType: ElementType.Float16);
        using var x = new Float16Tensor(gpu, height, width, inputs, Numbers.Of("x", pixels * inputs));
        using var y = new Float16Tensor(gpu, height, width, outputs);
        using var withoutSums = new Float16Tensor(gpu, height, width, outputs);
        using var arena = new Arena(gpu);

        // The sums take memory that is full of NaN.
        using (arena.BeginScope())
            arena.Allocate(1, 16, 256).Upload<float>([.. Enumerable.Repeat(float.NaN, 16 * 256)]);
        using Arena.Scope scope = arena.BeginScope();
        Tensor sums = Convolution.RunWithSums(x.Tensor, weights, y.Tensor, arena);
        Convolution.Run(x.Tensor, weights, withoutSums.Tensor);

        float[] written = y.Read();
        Expect.SameBits(withoutSums.Read(), written);
        float[] parts = sums.ToArray();
        Assert.Equal((1, outputs), (sums.Height, sums.Channels));
        for (int c = 0; c < outputs; c++)
        {
            double sum = 0;
            double size = 0;
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                sum += written[pixel * outputs + c];
                size += Math.Abs(written[pixel * outputs + c]);
            }

            double actual = 0;
            for (int part = 0; part < sums.Width; part++)
                actual += parts[part * outputs + c];
            Assert.InRange(actual, sum - 2e-6 * size, sum + 2e-6 * size);
        }
    }

    [Fact]
    public void A_rectangle_of_a_convolution_sees_its_surroundings()
    {
        GpuDevice gpu = GetGpu();
        float[] weight = Numbers.Of("weight", 64 * 64 * 9);
        using ConvolutionWeights weights = ConvolutionWeights.Create(gpu, weight, [], 64, 64, 3, elementType: ElementType.Float16);
        using var x = new Float16Tensor(gpu, 20, 30, 64, Numbers.Of("x", 20 * 30 * 64));
        using var whole = new Float16Tensor(gpu, 20, 30, 64);
        using var part = new Float16Tensor(gpu, 7, 11, 64);
        using var bias = new GuardedTensor(gpu, 1, 1, 64, values: new float[64]);
        Convolution.Run(x.Tensor, weights, whole.Tensor);
        Convolution.Run(x.Tensor, weights, part.Tensor, bias: bias.Tensor, firstRow: 13, firstColumn: 5);
        float[] all = whole.Read();
        float[] some = part.Read();
        for (int row = 0; row < 7; row++)
            Expect.SameBits(all.AsSpan(((13 + row) * 30 + 5) * 64, 11 * 64), some.AsSpan(row * 11 * 64, 11 * 64));
    }

    [Theory]
    [InlineData(8, 1, 1)]
    [InlineData(72, 7, 7)]
    [InlineData(64, 9, 17)]
    [InlineData(40, 3, 43)]
    public void Gaussian_heads_are_right(int channels, int rows, int columns)
    {
        GpuDevice gpu = GetGpu();
        float[] features = Float16Tensor.Rounded(Numbers.Of("features", rows * columns * channels));
        using GaussianHeadsWeights weights = Heads(gpu, channels, ElementType.Float16);
        using var arena = new Arena(gpu);
        using Arena.Scope scope = arena.BeginScope();
        using var x = new Float16Tensor(gpu, rows, columns, channels, features);
        using var y = new GuardedTensor(gpu, rows, columns, GaussianFormat.Raw.Columns);
        var block = new GridBlock(40, 60, 11, 15);
        GaussianHeads.Run(x.Tensor, weights, y.Tensor, block.Place(rows, columns, arena), arena);
        Assert.False(weights.TakeOverflow());

        using var cpu = new CpuDevice();
        using GaussianHeadsWeights exact = Heads(cpu, channels, ElementType.Float32);
        using var cpuArena = new Arena(cpu);
        using Arena.Scope cpuScope = cpuArena.BeginScope();
        Tensor expected = cpu.Upload(new float[rows * columns * GaussianFormat.Raw.Columns], rows, columns, GaussianFormat.Raw.Columns);
        GaussianHeads.Run(cpu.Upload(features, rows, columns, channels), exact, expected, block.Place(rows, columns, cpuArena), cpuArena);

        // The remainders of the means are of the order of a millionth; they are compared as part of the means.
        Near(Sums(expected.ToArray()), Sums(y.Read()), 2e-3);
    }

    [Fact]
    public void Values_beyond_the_range_are_noticed_once()
    {
        GpuDevice gpu = GetGpu();
        float[] features = Numbers.Of("features", 20 * 64);
        features[7 * 64 + 3] = float.PositiveInfinity;
        using GaussianHeadsWeights weights = Heads(gpu, 64, ElementType.Float16);
        using var arena = new Arena(gpu);
        using Arena.Scope scope = arena.BeginScope();
        using var x = new Float16Tensor(gpu, 4, 5, 64, features);
        using var y = new GuardedTensor(gpu, 4, 5, GaussianFormat.Raw.Columns);
        GaussianHeads.Run(x.Tensor, weights, y.Tensor, new GridBlock(4, 5, 0, 0).Place(4, 5, arena), arena);
        Assert.True(weights.TakeOverflow());
        Assert.False(weights.TakeOverflow());
    }

    private protected abstract GpuDevice GetGpu();

    private protected static void Near(float[] expected, float[] actual, double absolute)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double allowed = Math.Abs(expected[i]) * Rounding + absolute;
            if (!(Math.Abs(actual[i] - expected[i]) <= allowed))
                Assert.Fail($"Value {i} is {actual[i]:g9}, not {expected[i]:g9} +- {allowed:e1}.");
        }
    }

    private static GaussianHeadsWeights Heads(Device device, int channels, ElementType elementType)
    {
        int[] outputs = [2, 1, 1, 3, 2];
        return new GaussianHeadsWeights(
            device,
            channels,
            [.. outputs.Select((_, head) => Layer($"first {head}", channels, channels))],
            [.. outputs.Select((_, head) => Layer($"second {head}", channels, 4 * channels))],
            [.. outputs.Select((size, head) => Layer($"third {head}", 4 * channels, size))],
            elementType);

        static (float[] Weight, float[] Bias) Layer(string name, int inputs, int outputs) =>
            (Float16Tensor.Rounded(Numbers.Of(name, outputs * inputs, 1 / MathF.Sqrt(inputs))), Numbers.Of($"{name} bias", outputs));
    }

    // Of each Gaussian its nine outputs, means with their remainders.
    private static float[] Sums(float[] gaussians)
    {
        var sums = new List<float>();
        for (int first = 0; first < gaussians.Length; first += GaussianFormat.Raw.Columns)
        {
            sums.AddRange(gaussians.AsSpan(first, 7));
            sums.Add(gaussians[first + 7] + gaussians[first + 9]);
            sums.Add(gaussians[first + 8] + gaussians[first + 10]);
        }

        return [.. sums];
    }
}
