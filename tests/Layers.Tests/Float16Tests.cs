using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>All layers of float16 on tensor cores against those of float32 on the processor, with the same rounded numbers.</summary>
public abstract class Float16Tests : Float16ProductTests
{
    [Theory]
    [InlineData(10, 13, 16, 184, 3)]
    [InlineData(12, 11, 8, 256, 3)]

    // More groups than run at once: the last rows go to groups of fewer columns.
    [InlineData(16, 38, 72, 184, 1)]
    [InlineData(15, 36, 8, 192, 3)]
    public void Sums_of_pixels_are_right_in_tiles_of_warpgroups(int height, int width, int inputs, int outputs, int kernel) =>
        Sums_of_pixels_are_right(height, width, inputs, outputs, kernel);

    [Theory]
    [InlineData(1, 1, 8, false, false)]
    [InlineData(6, 4, 64, true, true)]
    [InlineData(13, 11, 192, true, false)]
    [InlineData(24, 12, 136, false, true)]
    public void Normalisation_is_right(int height, int width, int channels, bool shift, bool table)
    {
        GpuDevice gpu = GetGpu();
        float[] image = Float16Tensor.Rounded([.. Numbers.Of("x", height * width * channels).Select(value => 3 * value + 7)]);
        using var cpu = new CpuDevice();
        using var x = new Float16Tensor(gpu, height, width, channels, image);
        Run(gpu, x.Tensor, x.Tensor);
        Tensor exact = cpu.Upload(image, height, width, channels);
        Run(cpu, exact, exact);
        Near(exact.ToArray(), x.Read(), 1e-5);

        void Run(Device device, Tensor from, Tensor to) => LayerNorm.Run(
            from,
            device.Upload(Numbers.Of("gamma", channels), 1, 1, channels),
            device.Upload(Numbers.Of("beta", channels), 1, 1, channels),
            to,
            shift ? device.Upload(Numbers.Of("shift", channels), 1, 1, channels) : null,
            table ? device.Upload(Numbers.Of("table", 4 * channels), 2, 2, channels) : null);
    }

    [Theory]
    [InlineData(2, 2, 20, true, true)]
    [InlineData(3, 3, 30, false, false)]
    [InlineData(5, 7, 180, true, false)]
    [InlineData(1, 1, 1, false, false)]
    public void Normalisation_leaves_out_channels_that_fill_up_eights(int height, int width, int channels, bool shift, bool table)
    {
        GpuDevice gpu = GetGpu();
        var filled = new PaddedChannels(1, channels, (channels + 7) / 8 * 8);
        float[] image = Float16Tensor.Rounded([.. Numbers.Of("x", height * width * channels).Select(value => 3 * value + 7)]);
        using var x = new Float16Tensor(gpu, height, width, filled.PaddedCount, filled.Pad(image, outer: height * width));
        using var y = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        float[] gamma = Numbers.Of("gamma", channels);
        float[] beta = Numbers.Of("beta", channels);
        float[] added = Numbers.Of("shift", channels);
        float[] places = Numbers.Of("table", height * width * channels);
        LayerNorm.Run(
            x.Tensor,
            gpu.Upload(filled.Pad(gamma), 1, 1, filled.PaddedCount).Reshape(channels: channels),
            gpu.Upload(filled.Pad(beta), 1, 1, filled.PaddedCount).Reshape(channels: channels),
            y.Tensor,
            shift ? gpu.Upload(filled.Pad(added), 1, 1, filled.PaddedCount) : null,
            table ? gpu.Upload(filled.Pad(places, outer: height * width), height, width, filled.PaddedCount) : null);

        using var cpu = new CpuDevice();
        Tensor exact = cpu.Upload(image, height, width, channels);
        LayerNorm.Run(
            exact,
            cpu.Upload(gamma, 1, 1, channels),
            cpu.Upload(beta, 1, 1, channels),
            exact,
            shift ? cpu.Upload(added, 1, 1, channels) : null,
            table ? cpu.Upload(places, height, width, channels) : null);
        Near(filled.Pad(exact.ToArray(), outer: height * width), y.Read(), 1e-5);
    }

    [Theory]
    [InlineData(1, 1, 8, 8, nameof(Activation.Relu), false, 0)]
    [InlineData(1, 1, 8, 8, nameof(Activation.Relu), false, 16)]
    [InlineData(3, 43, 64, 64, nameof(Activation.Relu), true, 0)]
    [InlineData(3, 43, 48, 48, nameof(Activation.Relu), false, 64)]
    [InlineData(2, 64, 40, 24, nameof(Activation.Relu), true, 0)]
    [InlineData(2, 64, 40, 24, nameof(Activation.Relu), true, 72)]
    [InlineData(5, 27, 192, 192, nameof(Activation.Relu), true, 0)]
    [InlineData(5, 27, 180, 184, nameof(Activation.Relu), false, 192)]
    [InlineData(7, 9, 72, 136, nameof(Activation.Relu), false, 0)]
    [InlineData(7, 9, 64, 64, nameof(Activation.Relu), false, 200)]
    [InlineData(7, 37, 180, 360, nameof(Activation.Gelu), false, 0)]
    [InlineData(3, 5, 64, 200, nameof(Activation.Gelu), true, 24)]
    [InlineData(2, 3, 8, 8, nameof(Activation.Gelu), false, 0)]
    public void Feed_forward_networks_are_right(int height, int width, int channels, int inner, string activation, bool shift, int projected)
    {
        GpuDevice gpu = GetGpu();
        var filled = new PaddedChannels(1, channels, (channels + 7) / 8 * 8);
        int hidden = (inner + 7) / 8 * 8;
        int pixels = height * width;
        float[] image = Float16Tensor.Rounded([.. Numbers.Of("x", pixels * channels).Select(value => 3 * value + 1)]);
        float[] firstWeight = Float16Tensor.Rounded(Numbers.Of("first", hidden * channels, 1 / MathF.Sqrt(channels)));
        float[] secondWeight = Float16Tensor.Rounded(Numbers.Of("second", channels * hidden, 1 / MathF.Sqrt(hidden)));
        float[] firstBias = Numbers.Of("first bias", hidden);
        float[] secondBias = Numbers.Of("second bias", channels);
        float[] gamma = Numbers.Of("gamma", channels);
        float[] beta = Numbers.Of("beta", channels);
        float[] added = Numbers.Of("shift", channels);
        Activation function = Enum.Parse<Activation>(activation);

        // Sums of few digits, which come out the same in any order, so that they are rounded alike.
        float[] others = [.. Numbers.Of("others", pixels * projected).Select(value => MathF.Round(4 * value) / 4)];
        float[] projectionWeight = [.. Numbers.Of("projection", channels * projected).Select(value => MathF.Round(2 * value) / 16)];
        float[] projectionBias = [.. Numbers.Of("projection bias", channels).Select(value => MathF.Round(8 * value) / 8)];

        using NormalizedWeights first = NormalizedWeights.Create(
            gpu, gamma, beta, filled.Pad(firstWeight, outer: hidden), firstBias, filled.PaddedCount, ElementType.Float16);
        using ConvolutionWeights second = ConvolutionWeights.Create(
            gpu, filled.Pad(secondWeight, inner: hidden), filled.Pad(secondBias), hidden, filled.PaddedCount, elementType: ElementType.Float16);
        using ConvolutionWeights? projection = projected == 0 ? null : ConvolutionWeights.Create(
            gpu, filled.Pad(projectionWeight, inner: projected), filled.Pad(projectionBias), projected, filled.PaddedCount, elementType: ElementType.Float16);
        using var x = new Float16Tensor(gpu, height, width, filled.PaddedCount, filled.Pad(image, outer: pixels));
        using Float16Tensor? otherPixels = projected == 0 ? null : new Float16Tensor(gpu, height, width, projected, others);
        (Tensor, ConvolutionWeights)? before = projection is null ? null : (otherPixels!.Tensor, projection);
        var network = new FeedForwardPart(first, function, second, shift ? gpu.Upload(filled.Pad(added), 1, 1, filled.PaddedCount) : null);
        bool isOneKernel = Float16LayersOnChipGpu.Fits(gpu, x.Tensor, network, before, next: null, linear: null) || Float16FeedForwardGpu.Fits(gpu, x.Tensor, network, before);
        using var normalRoom = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        using var hiddenRoom = new Float16Tensor(gpu, height, width, hidden);
        FeedForwardNetwork.AddTo(x.Tensor, network, (normalRoom.Tensor, hiddenRoom.Tensor), before);

        // The same layers one by one, with values rounded between them as they are on the chip.
        using var cpu = new CpuDevice();
        if (projected > 0)
        {
            using ConvolutionWeights exactProjection = ConvolutionWeights.Create(cpu, projectionWeight, projectionBias, projected, channels);
            Tensor begun = cpu.Upload(image, height, width, channels);
            Convolution.Run(cpu.Upload(others, height, width, projected), exactProjection, begun, residual: begun);
            image = Float16Tensor.Rounded(begun.ToArray());
        }

        (float[] scaledWeight, float[] movedBias) = WithNormalization(firstWeight, firstBias, gamma, beta);
        using ConvolutionWeights exactFirst = ConvolutionWeights.Create(cpu, scaledWeight, movedBias, channels, hidden);
        using ConvolutionWeights exactSecond = ConvolutionWeights.Create(cpu, secondWeight, secondBias, hidden, channels);
        float[] shifted = shift ? [.. image.Select((value, i) => value + added[i % channels])] : image;
        Tensor normal = Standardized(cpu, isOneKernel ? Float16Tensor.Rounded(shifted) : shifted, height, width, channels);
        Tensor middle = cpu.Upload(new float[pixels * hidden], height, width, hidden);
        float[] normalValues = isOneKernel ? normal.ToArray() : Float16Tensor.Rounded(normal.ToArray());
        Convolution.Run(cpu.Upload(normalValues, height, width, channels), exactFirst, middle, function);
        Tensor exact = cpu.Upload(image, height, width, channels);
        Convolution.Run(cpu.Upload(Float16Tensor.Rounded(middle.ToArray()), height, width, hidden), exactSecond, exact, residual: exact);
        Near(filled.Pad(exact.ToArray(), outer: pixels), x.Read(), 1e-3);
    }

    [Theory]
    [InlineData(1, 1, 8, 8)]
    [InlineData(3, 43, 64, 192)]
    [InlineData(5, 27, 180, 552)]
    [InlineData(2, 70, 72, 200)]
    public void Linear_layers_on_normalised_pixels_are_right(int height, int width, int channels, int outputs)
    {
        GpuDevice gpu = GetGpu();
        var filled = new PaddedChannels(1, channels, (channels + 7) / 8 * 8);
        int pixels = height * width;
        float[] image = Float16Tensor.Rounded([.. Numbers.Of("x", pixels * channels).Select(value => 3 * value + 1)]);
        float[] weight = Float16Tensor.Rounded(Numbers.Of("weight", outputs * channels, 1 / MathF.Sqrt(channels)));
        float[] bias = Numbers.Of("bias", outputs);
        float[] gamma = Numbers.Of("gamma", channels);
        float[] beta = Numbers.Of("beta", channels);
        using NormalizedWeights weights = NormalizedWeights.Create(
            gpu, gamma, beta, filled.Pad(weight, outer: outputs), bias, filled.PaddedCount, ElementType.Float16);
        using var x = new Float16Tensor(gpu, height, width, filled.PaddedCount, filled.Pad(image, outer: pixels));
        using var normal = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        using var y = new Float16Tensor(gpu, height, width, outputs);
        new NormalizedLinear(weights, y.Tensor, normal.Tensor).Run(x.Tensor);

        using var cpu = new CpuDevice();
        bool isOneKernel = Float16FeedForwardGpu.KernelFor(gpu, x.Tensor, weights) is not null;
        (float[] scaledWeight, float[] movedBias) = WithNormalization(weight, bias, gamma, beta);
        using ConvolutionWeights exactWeights = ConvolutionWeights.Create(cpu, scaledWeight, movedBias, channels, outputs);
        float[] exactNormal = Standardized(cpu, image, height, width, channels).ToArray();
        Tensor exact = cpu.Upload(new float[pixels * outputs], height, width, outputs);
        Convolution.Run(cpu.Upload(isOneKernel ? exactNormal : Float16Tensor.Rounded(exactNormal), height, width, channels), exactWeights, exact);
        Near(exact.ToArray(), y.Read(), 1e-3);
    }

    [Theory]
    [InlineData(1, 1, 8, 8, 8, 8)]
    [InlineData(3, 43, 64, 64, 64, 192)]
    [InlineData(5, 27, 44, 24, 40, 120)]
    [InlineData(2, 33, 64, 40, 16, 200)]
    [InlineData(2, 65, 72, 72, 72, 216)]
    public void Layers_between_attentions_are_those_one_after_the_other(int height, int width, int channels, int hidden, int attended, int outputs)
    {
        GpuDevice gpu = GetGpu();
        var filled = new PaddedChannels(1, channels, (channels + 7) / 8 * 8);
        float[] image = filled.Pad(Float16Tensor.Rounded(Numbers.Of("x", height * width * channels, 2)), outer: height * width);
        float[] others = Float16Tensor.Rounded(Numbers.Of("others", height * width * attended));
        using NormalizedWeights first = Normalized("first", hidden);
        using ConvolutionWeights second = Plain("second", hidden);
        using NormalizedWeights nextFirst = Normalized("next first", hidden);
        using ConvolutionWeights nextSecond = Plain("next second", hidden);
        using ConvolutionWeights projection = Plain("projection", attended);
        using NormalizedWeights linear = Normalized("linear", outputs);
        Tensor shift = gpu.Upload(filled.Pad(Numbers.Of("shift", channels)), 1, 1, filled.PaddedCount);
        Tensor bias = gpu.Upload(filled.Pad(Numbers.Of("bias", channels)), 1, 1, filled.PaddedCount);
        var network = new FeedForwardPart(first, Activation.Relu, second);
        var next = new FeedForwardPart(nextFirst, Activation.Relu, nextSecond, shift, bias);
        using var normal = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        using var middle = new Float16Tensor(gpu, height, width, hidden);
        using var before = new Float16Tensor(gpu, height, width, attended, others);

        using var together = new Float16Tensor(gpu, height, width, filled.PaddedCount, image);
        using var linearTogether = new Float16Tensor(gpu, height, width, outputs);
        FeedForwardNetwork.AddTo(
            together.Tensor,
            network,
            (normal.Tensor, middle.Tensor),
            (before.Tensor, projection),
            next,
            new NormalizedLinear(linear, linearTogether.Tensor, normal.Tensor));

        using var apart = new Float16Tensor(gpu, height, width, filled.PaddedCount, image);
        using var linearApart = new Float16Tensor(gpu, height, width, outputs);
        FeedForwardNetwork.AddTo(apart.Tensor, network, (normal.Tensor, middle.Tensor), (before.Tensor, projection));
        FeedForwardNetwork.AddTo(apart.Tensor, next, (normal.Tensor, middle.Tensor));
        new NormalizedLinear(linear, linearApart.Tensor, normal.Tensor).Run(apart.Tensor);

        Expect.SameBits(apart.Read(), together.Read());
        Expect.SameBits(linearApart.Read(), linearTogether.Read());

        ConvolutionWeights Plain(string name, int inputs) => ConvolutionWeights.Create(
            gpu,
            filled.Pad(Numbers.Of(name, channels * inputs, 1 / MathF.Sqrt(inputs)), inner: inputs),
            filled.Pad(Numbers.Of(name + " bias", channels)),
            inputs,
            filled.PaddedCount,
            elementType: ElementType.Float16);

        NormalizedWeights Normalized(string name, int layerOutputs) => NormalizedWeights.Create(
            gpu,
            Numbers.Of(name + " gamma", channels),
            Numbers.Of(name + " beta", channels),
            filled.Pad(Numbers.Of(name, layerOutputs * channels, 1 / MathF.Sqrt(channels)), outer: layerOutputs),
            Numbers.Of(name + " bias", layerOutputs),
            filled.PaddedCount,
            ElementType.Float16);
    }

    // Weights of a layer that a normalisation's gamma and beta are part of, rounded as they are when they are packed.
    private static (float[] Weight, float[] Bias) WithNormalization(float[] weight, float[] bias, float[] gamma, float[] beta)
    {
        int channels = gamma.Length;
        float[] scaled = Float16Tensor.Rounded([.. weight.Select((value, i) => value * gamma[i % channels])]);
        float[] moved = [.. bias.Select((value, n) => (float)(value + Enumerable.Range(0, channels).Sum(c => (double)weight[n * channels + c] * beta[c])))];
        return (scaled, moved);
    }

    // Pixels with a mean of 0 and a variance of 1.
    private static Tensor Standardized(CpuDevice cpu, float[] image, int height, int width, int channels)
    {
        Tensor normal = cpu.Upload(image, height, width, channels);
        LayerNorm.Run(normal, cpu.Upload([.. Enumerable.Repeat(1f, channels)], 1, 1, channels), cpu.Upload(new float[channels], 1, 1, channels), normal);
        return normal;
    }

    [Theory]
    [InlineData(1, 8, 1)]
    [InlineData(5, 24, 3)]
    [InlineData(16, 272, 2)]
    [InlineData(3, 2056, 9)]
    [InlineData(288, 184, 6)]
    [InlineData(577, 36, 17)]
    public void Gates_are_right(int parts, int channels, int squeezed)
    {
        const int Pixels = 1000;
        float[] sums = Numbers.Of("sums", parts * channels, 30);
        using var cpu = new CpuDevice();
        float[] exact = Gates(cpu);
        float[] gates = Gates(GetGpu());
        Assert.Equal(exact.Length, gates.Length);
        for (int i = 0; i < gates.Length; i++)
            Assert.Equal(exact[i], gates[i], 1e-5f);

        float[] Gates(Device device)
        {
            using var weights = new ChannelAttentionWeights(
                device,
                Numbers.Of("squeeze", squeezed * channels),
                Numbers.Of("squeeze bias", squeezed),
                Numbers.Of("expand", channels * squeezed),
                Numbers.Of("expand bias", channels));
            using var arena = new Arena(device);
            using Arena.Scope scope = arena.BeginScope();
            Tensor result = arena.Allocate(1, 1, channels);
            ChannelAttention.ComputeGates(device.Upload(sums, 1, parts, channels), Pixels, weights, 0.7f, result, arena);
            return result.ToArray();
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 1, 8)]
    [InlineData(3, 3, 30)]
    [InlineData(5, 7, 180)]
    [InlineData(2, 24, 68)]
    [InlineData(13, 11, 192)]
    public void Gated_sums_and_their_normalisation_are_right(int height, int width, int channels)
    {
        GpuDevice gpu = GetGpu();
        int pixels = height * width;
        var filled = new PaddedChannels(1, channels, (channels + 7) / 8 * 8);
        float[] branch = Float16Tensor.Rounded(Numbers.Of("branch", pixels * channels, 3));
        float[] before = Float16Tensor.Rounded([.. Numbers.Of("before", pixels * channels).Select(value => 3 * value + 7)]);
        float[] gates = Numbers.Of("gates", channels);
        float[] gamma = Numbers.Of("gamma", channels);
        float[] beta = Numbers.Of("beta", channels);
        using var x = new Float16Tensor(gpu, height, width, filled.PaddedCount, filled.Pad(branch, outer: pixels));
        using var y = new Float16Tensor(gpu, height, width, filled.PaddedCount, filled.Pad(before, outer: pixels));
        using var normal = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        using var again = new Float16Tensor(gpu, height, width, filled.PaddedCount);
        Tensor filledGamma = gpu.Upload(filled.Pad(gamma), 1, 1, filled.PaddedCount).Reshape(channels: channels);
        Tensor filledBeta = gpu.Upload(filled.Pad(beta), 1, 1, filled.PaddedCount).Reshape(channels: channels);
        ChannelAttention.AddAndNormalize(
            x.Tensor, gpu.Upload(filled.Pad(gates), 1, 1, filled.PaddedCount), y.Tensor, filledGamma, filledBeta, normal.Tensor);

        float[] sums = [.. before.Select((value, i) => (float)(value + (double)branch[i] * gates[i % channels]))];
        float[] written = y.Read();
        Near(filled.Pad(sums, outer: pixels), written, 1e-6);

        // The normalisation is that of what was written.
        var expected = new float[written.Length];
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            int start = pixel * filled.PaddedCount;
            double[] values = [.. written.AsSpan(start, channels).ToArray().Select(value => (double)value)];
            double mean = values.Average();
            double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + LayerNorm.Epsilon);
            for (int c = 0; c < channels; c++)
                expected[start + c] = (float)((values[c] - mean) / deviation * gamma[c] + beta[c]);
        }

        float[] normalised = normal.Read();
        Near(expected, normalised, 1e-5);
        LayerNorm.Run(y.Tensor, filledGamma, filledBeta, again.Tensor);
        Expect.SameBits(again.Read(), normalised);
    }

    [Fact]
    public void Sums_are_right()
    {
        GpuDevice gpu = GetGpu();
        float[] a = Float16Tensor.Rounded(Numbers.Of("a", 5 * 7 * 56));
        float[] b = Float16Tensor.Rounded(Numbers.Of("b", 5 * 7 * 56));
        using var x = new Float16Tensor(gpu, 5, 7, 56, a);
        using var y = new Float16Tensor(gpu, 5, 7, 56, b);
        Elementwise.Add(x.Tensor, y.Tensor, y.Tensor);
        Expect.SameBits(Float16Tensor.Rounded([.. a.Zip(b, (one, other) => one + other)]), y.Read());
    }

    [Theory]
    [InlineData(12, 24, 12, 3, 16, 0, 0)]
    [InlineData(24, 36, 12, 1, 32, 6, 6)]
    [InlineData(24, 12, 12, 2, 32, 0, 6)]
    [InlineData(10, 15, 5, 3, 16, 2, 1)]
    [InlineData(1, 2, 1, 1, 32, 0, 0)]
    [InlineData(16, 32, 16, 1, 32, 8, 8)]
    [InlineData(13, 13, 13, 2, 32, 6, 6)]
    public void Attention_is_right(int height, int width, int window, int heads, int headSize, int queryShift, int keyShift) =>
        AttentionIsRight(height, width, headSize, rotates: true, new WindowAttentionSettings(window, heads) { QueryShift = queryShift, KeyShift = keyShift });

    [Theory]
    [InlineData(8, 16, 8, 2, 0, 0, true)]
    [InlineData(16, 8, 8, 1, 4, 4, true)]
    [InlineData(10, 15, 5, 1, 3, 3, true)]
    [InlineData(1, 2, 1, 1, 0, 0, false)]
    [InlineData(12, 24, 12, 1, 0, 6, false)]
    [InlineData(18, 9, 9, 2, 2, 2, true)]
    public void Attention_with_a_position_bias_is_right(int height, int width, int window, int heads, int queryShift, int keyShift, bool mask) =>
        AttentionIsRight(
            height, width, 32, rotates: false, new WindowAttentionSettings(window, heads) { QueryShift = queryShift, KeyShift = keyShift, MaskWrapped = mask });

    [Theory]
    [InlineData(16, 16, 16, 24, 1, true)]
    [InlineData(12, 16, 4, 6, 2, true)]
    [InlineData(9, 6, 3, 19, 1, true)]
    [InlineData(12, 12, 4, 6, 1, false)]
    public void Attention_to_overlapping_windows_is_right(int height, int width, int window, int keyWindow, int heads, bool rotates) =>
        AttentionIsRight(height, width, 32, rotates, new WindowAttentionSettings(window, heads) { OverlappingKeyWindowSize = keyWindow });

    [Fact]
    public void Rounding_and_repeating_are_right()
    {
        GpuDevice gpu = GetGpu();
        float[] table = Numbers.Of("table", 3 * 4 * 24);
        table[5] = 70000;
        using var y = new Float16Tensor(gpu, 6, 12, 24);
        using var same = new Float16Tensor(gpu, 3, 4, 24);
        Tensor source = gpu.Upload(table, 3, 4, 24);
        Elementwise.Repeat(source, y.Tensor);
        Elementwise.Round(source, same.Tensor);
        float[] rounded = Float16Tensor.Rounded(table);
        float[] repeated = y.Read();
        Expect.SameBits(rounded, same.Read());
        for (int i = 0; i < repeated.Length; i++)
        {
            int pixel = i / 24;
            Assert.Equal(rounded[(pixel / 12 % 3 * 4 + pixel % 12 % 4) * 24 + i % 24], repeated[i]);
        }
    }

    [Fact]
    public void What_the_kernels_cannot_do_is_refused()
    {
        GpuDevice gpu = GetGpu();
        using ConvolutionWeights weights = ConvolutionWeights.Create(gpu, new float[64], [], 8, 8, elementType: ElementType.Float16);
        using var x = new Float16Tensor(gpu, 2, 2, 24);
        using var float32 = new GuardedTensor(gpu, 2, 2, 8);
        Tensor y = x.Tensor.SliceChannels(16, 8);
        Assert.Throws<ArgumentException>(() => Convolution.Run(x.Tensor.SliceChannels(4, 8), weights, y));
        Assert.Throws<ArgumentException>(() => Convolution.Run(x.Tensor.SliceChannels(0, 8), weights, x.Tensor.SliceChannels(12, 8)));
        Assert.Throws<ArgumentException>(() => Convolution.Run(float32.Tensor, weights, y));
        Assert.Throws<ArgumentException>(() => Convolution.Run(x.Tensor.SliceChannels(0, 8), weights, float32.Tensor));
        Assert.Throws<ArgumentException>(() => ConvolutionWeights.Create(gpu, new float[32], [], 4, 8, elementType: ElementType.Float16));
        Assert.Throws<NotSupportedException>(() => WindowAttention.Run(y, y, y, x.Tensor.SliceChannels(0, 8), new WindowAttentionSettings(2, 1)));
    }

    private protected void AttentionIsRight(int height, int width, int headSize, bool rotates, WindowAttentionSettings settings)
    {
        GpuDevice gpu = GetGpu();
        int heads = settings.Heads;
        int channels = heads * headSize;
        float[] angles = Numbers.Of("angles", heads * settings.KeyTokens * headSize / 2, 3);
        float[] table = [.. angles.SelectMany(angle => (float[])[MathF.Cos(angle), MathF.Sin(angle)])];
        float[] bias = Numbers.Of("bias", heads * settings.QueryTokens * settings.KeyTokens, 2);
        float[] query = Float16Tensor.Rounded(Numbers.Of("query", height * width * channels));
        float[] key = Float16Tensor.Rounded(Numbers.Of("key", height * width * channels));
        float[] value = Float16Tensor.Rounded(Numbers.Of("value", height * width * channels));
        WindowAttentionSettings On(Device device) => settings with
        {
            Rotary = rotates ? device.Upload(table, heads, settings.KeyTokens, headSize) : null,
            Bias = rotates ? null : device.Upload(bias, heads, settings.QueryTokens, settings.KeyTokens),
        };

        using var q = new Float16Tensor(gpu, height, width, channels, query);
        using var k = new Float16Tensor(gpu, height, width, channels, key);
        using var v = new Float16Tensor(gpu, height, width, channels, value);
        using var y = new Float16Tensor(gpu, height, width, channels);
        WindowAttention.Run(q.Tensor, k.Tensor, v.Tensor, y.Tensor, On(gpu));

        using var cpu = new CpuDevice();
        Tensor exact = cpu.Upload(query, height, width, channels);
        Tensor result = cpu.Upload(query, height, width, channels);
        WindowAttention.Run(exact, cpu.Upload(key, height, width, channels), cpu.Upload(value, height, width, channels), result, On(cpu));

        // Turned queries and keys and the weights are rounded too; a value is at most 1.
        Near(result.ToArray(), y.Read(), 2e-3);
    }
}
