using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Images that are not photographs: where nothing happens, nothing may appear.</summary>
public sealed class SmoothAreaTests
{
    private const int Size = 40;
    private const double Scale = 2.5;
    private const int OutputSize = 100;

    public static MatrixTheoryData<string, int> Greys => new(TestDevices.Names, [0, 16, 64, 128, 200, 255]);

    [Theory]
    [MemberData(nameof(Greys))]
    public void An_even_grey_stays_what_it_is(string device, int grey)
    {
        byte[] output = Upscale(TestDevices.Get(device), (_, _, _) => (byte)grey);
        Assert.All(output, value => Assert.Equal(grey, value));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(2, 9)]
    public void However_small_an_even_image_is_it_stays_what_it_is(int width, int height)
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var input = new byte[width * height * 3];
        Array.Fill(input, (byte)200);
        var output = new byte[4 * input.Length];
        upscaler.Upscale(input, width, height, PixelLayout.Rgb, 2, output, cancellation: TestContext.Current.CancellationToken);
        Assert.All(output, value => Assert.Equal(200, value));
    }

    [Theory]
    [EachDevice]
    public void An_even_colour_stays_what_it_is(string device)
    {
        byte[] colour = [30, 60, 160];
        byte[] output = Upscale(TestDevices.Get(device), (_, _, channel) => colour[channel]);
        for (int i = 0; i < output.Length; i++)
            Assert.Equal(colour[i % 3], output[i]);
    }

    [Theory]
    [EachDevice]
    public void A_gradient_stays_smooth(string device)
    {
        // Levels of each channel at the left, and what they gain from column to column.
        float[] start = [20, 60, 140];
        float[] step = [4.5f, 3.9f, 2.7f];
        byte[] output = Upscale(TestDevices.Get(device), (_, x, channel) => (byte)(start[channel] + step[channel] * x));
        for (int i = 0; i < output.Length; i++)
        {
            double column = (i / 3 % OutputSize + 0.5) / Scale - 0.5;
            double expected = start[i % 3] + step[i % 3] * Math.Clamp(column, 0, Size - 1);
            // The input's and the output's rounding.
            Assert.InRange(output[i], expected - 1.6, expected + 1.6);
        }
    }

    [Theory]
    [EachDevice]
    public void A_disc_is_even_inside_and_outside(string device)
    {
        byte[] inside = [200, 30, 40];
        byte[] outside = [255, 255, 255];
        byte[] output = Upscale(
            TestDevices.Get(device), (y, x, channel) => (double.Hypot(x - 19.5, y - 19.5) < 12 ? inside : outside)[channel]);
        for (int y = 0; y < OutputSize; y++)
        {
            for (int x = 0; x < OutputSize; x++)
            {
                double radius = double.Hypot(x - 49.5, y - 49.5) / Scale;
                byte[]? expected = radius < 7.5 ? inside : radius > 16.5 ? outside : null;
                if (expected is not null)
                    Assert.Equal(expected, output.AsSpan((y * OutputSize + x) * 3, 3).ToArray());
            }
        }
    }

    [Theory]
    [EachDevice]
    public void Greys_in_three_channels_stay_grey(string device)
    {
        byte[] photo = Picture.Photo(40, 30, Size, Size).Pixels;
        byte[] output = Upscale(TestDevices.Get(device), (y, x, _) => photo[(y * Size + x) * 3]);
        Assert.True(output.Distinct().Count() > 50, "The picture is gone.");
        for (int i = 0; i < output.Length; i += 3)
        {
            Assert.Equal(output[i], output[i + 1]);
            Assert.Equal(output[i], output[i + 2]);
        }
    }

    [Fact]
    public void A_photograph_without_even_places_is_the_networks_own()
    {
        using var device = new CpuDevice();
        using Golden golden = Golden.Open("gsasr-lite");
        byte[] photo = golden.Bytes("chelsea-48x36-x4.input");
        (int height, int width) = (golden.Shape("chelsea-48x36-x4.input")[0], golden.Shape("chelsea-48x36-x4.input")[1]);
        byte[] Upscaled(bool keep)
        {
            using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { KeepSmoothAreas = keep });
            var output = new byte[4 * photo.Length];
            upscaler.Upscale(photo, width, height, PixelLayout.Rgb, 2, output, cancellation: TestContext.Current.CancellationToken);
            return output;
        }

        Assert.Equal(Upscaled(keep: false), Upscaled(keep: true));
    }

    [Theory]
    [EachDevice]
    public void Parts_of_a_field_are_interpolated_where_the_whole_is(string name)
    {
        Device device = TestDevices.Get(name);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        byte[] input = Pixels((y, x, channel) => (byte)(x < 20 ? 64 : 64 + 5 * channel * (y % 3)));
        using GaussianField field = upscaler.BuildField(
            input, Size, Size, PixelLayout.Rgb, 4, cancellation: TestContext.Current.CancellationToken);
        var whole = new byte[160 * 160 * 3];
        field.Render(whole);
        var part = new byte[60 * 50 * 3];
        field.Render(left: 10, top: 15, magnification: 4, width: 60, height: 50, part);
        for (int row = 0; row < 50; row++)
            Assert.Equal(whole.AsSpan(((60 + row) * 160 + 40) * 3, 180).ToArray(), part.AsSpan(row * 180, 180).ToArray());
        Assert.All(part.AsSpan(0, 60).ToArray(), value => Assert.Equal(64, value));
    }

    private static byte[] Pixels(Func<int, int, int, byte> level)
    {
        var pixels = new byte[Size * Size * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = level(i / 3 / Size, i / 3 % Size, i % 3);
        return pixels;
    }

    private static byte[] Upscale(Device device, Func<int, int, int, byte> level)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var output = new byte[OutputSize * OutputSize * 3];
        upscaler.Upscale(
            Pixels(level), Size, Size, PixelLayout.Rgb, Scale, output, cancellation: TestContext.Current.CancellationToken);
        return output;
    }
}
