using Gsasr.Architecture;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>The networks against numbers that the published code computed in float64.</summary>
public sealed class NetworkGoldenTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Models => new("edsr", "edsr-paper", "rdn", "rdn-paper", "swin", "swin-paper", "hatl");

    [Theory]
    [MemberData(nameof(Models))]
    public void Features_taps_and_Gaussians_equal_the_published_codes(string model)
    {
        using var device = new CpuDevice();
        Check(model, device);
    }

    // EDSR's golden data looks into the decoder of either kind; ImageGoldenTests compares the images of the other models.
    [Theory]
    [InlineData("edsr", "opencl")]
    [InlineData("edsr-paper", "opencl")]
    [InlineData("rdn-paper", "opencl")]
    [InlineData("swin-paper", "opencl")]
    [InlineData("edsr", "cuda")]
    [InlineData("edsr-paper", "cuda")]
    [InlineData("rdn", "cuda")]
    [InlineData("rdn-paper", "cuda")]
    [InlineData("swin", "cuda")]
    [InlineData("swin-paper", "cuda")]
    [InlineData("hatl", "cuda")]
    public void Features_taps_and_Gaussians_of_GPUs_equal_the_published_codes(string model, string device) =>
        Check(model, TestDevices.Get(device));

    private void Check(string model, Device device)
    {
        using Golden golden = Golden.Open(model);
        using var checkpoint = SeededCheckpoint.Open(model);
        GsasrArchitecture architecture = GsasrArchitecture.Recognise(checkpoint);
        using Encoder encoder = Encoder.Load(checkpoint, architecture.Encoder, device);
        using GaussianDecoder decoder = GaussianDecoder.Load(checkpoint, architecture.Decoder, device);
        using var arena = new Arena(device);
        var pass = new ForwardPass(arena);

        int[] shape = golden.Shape("input");
        float[] pixels = [.. golden.Bytes("input").Select(value => value / 255f)];
        Tensor image = device.Upload(pixels, shape[0], shape[1], 3);
        using Arena.Scope scope = arena.BeginScope();
        Tensor features = arena.Allocate(shape[0], shape[1], encoder.Features);
        encoder.Run(image, features, pass);
        Check("features", golden.Floats("features"), PlanarOf(features));

        int taps = 0;
        decoder.Tap = (module, tensor) =>
        {
            string name = $"tap.{module}";
            if (!golden.Has(name))
                return;
            taps++;
            float[] actual = golden.Shape(name).Length == 4 ? PlanarOf(tensor) : WindowsOf(tensor, architecture.Decoder.WindowSize);
            Check(name, golden.Floats(name), actual);
        };
        Tensor gaussians = arena.Allocate(4 * shape[0], 4 * shape[1], GaussianFormat.Raw.Columns);
        decoder.Run(
            features,
            4,
            [
                new DecodedPart(
                    new PixelRectangle(0, 0, shape[1], shape[0]),
                    new GridPlacement(4 * shape[0], 4 * shape[1], Centres(device, 4 * shape[0]), Centres(device, 4 * shape[1])),
                    gaussians),
            ],
            GaussianDecoder.LargestBandFloats,
            pass);
        Check("gaussians.x4", golden.Floats("gaussians.x4"), gaussians.SliceChannels(0, GaussianFormat.Raw.PublishedColumns).ToArray());
        Assert.Equal(golden.Names.Count(name => name.StartsWith("tap.", StringComparison.Ordinal)), taps);
    }

    private static Tensor Centres(Device device, int count)
    {
        var centres = new float[count];
        GridPlacement.ComputeCentres(count, 0, centres);
        return device.Upload(centres, 1, 1, count);
    }

    private void Check(string name, float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow(expected[i] - (double)actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        double relative = Math.Sqrt(difference / norm);
        output.WriteLine($"{name}: {relative:e2} relative");
        Assert.True(relative <= Tolerance, $"{name} differs by {relative:e2} of its norm; {Tolerance:e0} is allowed.");
    }

    // [height, width, channels] as [channels, height, width].
    private static float[] PlanarOf(in Tensor tensor)
    {
        float[] values = tensor.ToArray();
        var planar = new float[values.Length];
        for (int pixel = 0; pixel < tensor.Pixels; pixel++)
        {
            for (int channel = 0; channel < tensor.Channels; channel++)
                planar[channel * tensor.Pixels + pixel] = values[pixel * tensor.Channels + channel];
        }

        return planar;
    }

    // [height, width, channels] as [windows, tokens, channels].
    private static float[] WindowsOf(in Tensor tensor, int window)
    {
        float[] values = tensor.ToArray();
        var windows = new float[values.Length];
        int index = 0;
        for (int top = 0; top < tensor.Height; top += window)
        {
            for (int left = 0; left < tensor.Width; left += window)
            {
                for (int token = 0; token < window * window; token++)
                {
                    int pixel = (top + token / window) * tensor.Width + left + token % window;
                    values.AsSpan(pixel * tensor.Channels, tensor.Channels).CopyTo(windows.AsSpan(index));
                    index += tensor.Channels;
                }
            }
        }

        return windows;
    }
}
