using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>The squared error and Adam against plain double precision.</summary>
public class OptimisationTests
{
    [Theory]
    [EachDevice]
    public void The_gradient_of_the_mean_squared_error_is_twice_the_difference_over_the_count(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var arena = new Arena(device);
        foreach ((int height, int width, int channels) in ((int, int, int)[])[(1, 1, 1), (3, 257, 3), (70, 31, 4)])
        {
            float[] image = BackwardTests.Upstream("image", height * width * channels);
            float[] target = BackwardTests.Upstream("target", height * width * channels);
            Tensor a = device.Upload(image, height, width, channels);
            using DeviceBuffer aBuffer = a.Buffer;
            Tensor b = device.Upload(target, height, width, channels);
            using DeviceBuffer bBuffer = b.Buffer;

            double expected = image.Zip(target, (x, y) => Math.Pow((double)x - y, 2)).Average();
            Assert.InRange(SquaredError.Mean(a, b, arena), expected * (1 - 1e-6), expected * (1 + 1e-6));
            SquaredError.Gradient(a, b, a);
            float[] gradient = a.ToArray();
            for (int i = 0; i < image.Length; i++)
                Assert.InRange(gradient[i] - 2 * ((double)image[i] - target[i]) / image.Length, -1e-6 / image.Length, 1e-6 / image.Length);
        }
    }

    [Theory]
    [EachDevice]
    public void Slices_are_compared_in_place(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var arena = new Arena(device);
        Tensor image = device.Upload([9, 1, 2, 9, 9, 3, 4, 9], 1, 2, 4);
        using DeviceBuffer imageBuffer = image.Buffer;
        Tensor target = device.Upload([0, 0, 1, 9, 9, 1], 1, 2, 3);
        using DeviceBuffer targetBuffer = target.Buffer;
        Tensor part = image.SliceChannels(1, 2);
        Assert.Equal((1 + 4 + 36 + 25) / 4.0, SquaredError.Mean(part, target.SliceChannels(0, 2), arena), 1e-6);
        SquaredError.Gradient(part, target.SliceChannels(0, 2), part);
        Assert.Equal([9, 0.5f, 1, 9, 9, -3, -2.5f, 9], image.ToArray(), (x, y) => Math.Abs(x - y) < 1e-5);
    }

    [Theory]
    [EachDevice]
    public void Adam_moves_each_channel_by_its_own_rule(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        const int Count = 700;
        AdamChannel[] channels = [new(0.1f), new(0.02f, 0.5f, 2, IsLogarithmic: true), new(0.3f, -0.2f, 0.4f), new(0)];
        var values = new float[Count * 4];
        for (int i = 0; i < values.Length; i++)
            values[i] = i % 4 == 1 ? 1 + i % 7 * 0.1f : 0.01f * (i % 13);
        Tensor parameters = device.Upload(values, 20, 35, 4);
        using DeviceBuffer parametersBuffer = parameters.Buffer;
        using var adam = new AdamOptimizer(parameters, channels);
        double[] expected = Array.ConvertAll(values, x => (double)x);
        var means = new double[values.Length];
        var squares = new double[values.Length];
        for (int step = 1; step <= 5; step++)
        {
            float[] gradients = BackwardTests.Upstream($"adam/{step}", values.Length);
            Tensor gradient = device.Upload(gradients, 20, 35, 4);
            using DeviceBuffer gradientBuffer = gradient.Buffer;
            double rate = 1.0 / step;
            adam.Step(gradient, (float)rate);
            for (int i = 0; i < values.Length; i++)
            {
                AdamChannel channel = channels[i % 4];
                double g = channel.IsLogarithmic ? gradients[i] * expected[i] : gradients[i];
                means[i] = 0.9 * means[i] + 0.1 * g;
                squares[i] = 0.999 * squares[i] + 0.001 * g * g;
                double change = rate * channel.LearningRate * (means[i] / (1 - Math.Pow(0.9, step)))
                    / (Math.Sqrt(squares[i] / (1 - Math.Pow(0.999, step))) + 1e-15);
                double moved = channel.IsLogarithmic ? expected[i] * Math.Exp(-change) : expected[i] - change;
                expected[i] = Math.Clamp(moved, channel.Minimum, channel.Maximum);
            }
        }

        Assert.Equal(5, adam.Steps);
        float[] actual = parameters.ToArray();
        for (int i = 0; i < values.Length; i++)
            Assert.InRange(actual[i] - expected[i], -2e-5, 2e-5);
    }

    [Fact]
    public void A_value_without_gradient_stays()
    {
        using var device = new CpuDevice(1);
        Tensor parameters = device.Upload([3], 1, 1, 1);
        using var adam = new AdamOptimizer(parameters, [new AdamChannel(0.1f)]);
        adam.Step(device.Upload([0], 1, 1, 1));
        Assert.Equal([3], parameters.ToArray());
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused()
    {
        using var device = new CpuDevice(1);
        Tensor parameters = device.Upload([3], 1, 1, 1);
        Assert.Throws<ArgumentException>("channels", () => new AdamOptimizer(parameters, []));
        AdamChannel[] senseless = [new(-1), new(float.NaN), new(1, 2, 1), new(1, float.NaN), new(1, -1, 1, IsLogarithmic: true)];
        foreach (AdamChannel channel in senseless)
            Assert.Throws<ArgumentException>("channels", () => new AdamOptimizer(parameters, [channel]));
        using var adam = new AdamOptimizer(parameters, [new AdamChannel(0.1f)]);
        Assert.Throws<ArgumentException>("gradients", () => adam.Step(device.Upload([0, 0], 1, 1, 2)));
    }
}
