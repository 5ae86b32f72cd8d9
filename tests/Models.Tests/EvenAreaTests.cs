using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Even areas of the input stay exactly as they are, and nothing else is touched.</summary>
public sealed class EvenAreaTests
{
    private const int Size = 40;
    private const double Scale = 2.5;
    private const int OutputSize = 100;

    // Even areas are found in the input and drawn beside the network, whichever it is. This one draws its own colours, whatever the input's.
    private static readonly GsasrModel s_model = SmallModel();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EachDevice]
    public void An_even_colour_stays_what_it_is(string device)
    {
        byte[] colour = [191, 0, 64];
        byte[] output = Upscale(TestDevices.Get(device), Pixels((_, _, channel) => colour[channel]));
        for (int i = 0; i < output.Length; i++)
            Assert.Equal(colour[i % 3], output[i]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(2, 9)]
    public void However_small_an_even_image_is_it_stays_what_it_is(int width, int height)
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(s_model, device);
        var input = new ushort[width * height * 3];
        Array.Fill(input, (ushort)51234);
        var output = new ushort[4 * input.Length];
        upscaler.Upscale(input, width, height, PixelLayout.Rgb, 2, output, cancellation: Cancellation);
        Assert.All(output, value => Assert.Equal(51234, value));
    }

    [Theory, EachDevice]
    public void What_is_drawn_is_the_networks_but_for_the_shares_of_even_pixels(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        // Panels of several sizes on noise, one at a corner; a disc; a line one pixel wide between two equal colours.
        byte[] input = Pixels((y, x, channel) => x < 9 && y < 7 ? (byte)(30 + 90 * channel)
            : x is >= 14 and < 20 && y is >= 3 and < 8 ? (byte)200
            : double.Hypot(x - 27, y - 20) < 9.5 ? (byte)(255 - 60 * channel)
            : y > 31 ? (byte)(y == 35 ? 255 : 0)
            : (byte)((x * 7919 + y * 104729 + channel * 31) % 251));
        byte[] own = Upscale(device, input, new UpscalerOptions { KeepEvenAreas = false });
        byte[] kept = Upscale(device, input);
        Assert.InRange(own.Count(value => value is > 8 and < 247), 0.9 * own.Length, own.Length);
        int exact = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            double x = Math.Clamp((i / 3 % OutputSize + 0.5) / Scale - 0.5, 0, Size - 1);
            double y = Math.Clamp((i / 3 / OutputSize + 0.5) / Scale - 0.5, 0, Size - 1);
            double share = 0;
            double colour = 0;
            for (int row = 0; row < Size; row++)
            {
                for (int column = 0; column < Size; column++)
                {
                    double weight = Math.Max(0, 1 - Math.Abs(x - column)) * Math.Max(0, 1 - Math.Abs(y - row));
                    if (weight == 0 || !IsEven(input, column, row))
                        continue;
                    share += weight;
                    colour = input[(row * Size + column) * 3 + i % 3];
                }
            }

            if (share == 0)
                Assert.Equal(own[i], kept[i]);
            else if (share > 0.999999)
                Assert.Equal(colour, kept[i]);
            else
                Assert.Equal(own[i] + share * (colour - own[i]), kept[i], 0.501);
            exact += share > 0.999999 ? 1 : 0;
        }

        Assert.InRange(exact, 1000, kept.Length / 2);
    }

    [Fact]
    public void A_photograph_without_even_places_is_the_networks_own()
    {
        using var device = new CpuDevice();
        byte[] photo = Picture.Photo(40, 30, Size, Size).Pixels;
        Assert.Equal(Upscale(device, photo, new UpscalerOptions { KeepEvenAreas = false }), Upscale(device, photo));
    }

    [Theory, EachDevice]
    public void An_alpha_mask_is_exact_where_it_is_even_whatever_the_colours(string deviceName)
    {
        using var upscaler = new Upscaler(s_model, TestDevices.Get(deviceName));
        byte[] photo = Picture.Photo(40, 30, Size, Size).Pixels;
        byte[] input = new byte[Size * Size * 4];
        for (int i = 0; i < Size * Size; i++)
        {
            photo.AsSpan(3 * i, 3).CopyTo(input.AsSpan(4 * i));
            input[4 * i + 3] = double.Hypot(i % Size - 19.5, i / Size - 19.5) < 12 ? (byte)255 : (byte)0;
        }

        var output = new byte[OutputSize * OutputSize * 4];
        upscaler.Upscale(input, Size, Size, PixelLayout.Rgba, Scale, output, cancellation: Cancellation);
        for (int i = 0; i < OutputSize * OutputSize; i++)
        {
            double radius = double.Hypot(i % OutputSize - 49.5, i / OutputSize - 49.5) / Scale;
            if (radius is < 7.5 or > 16.5)
                Assert.Equal(radius < 12 ? 255 : 0, output[4 * i + 3]);
        }
    }

    [Theory, EachDevice]
    public void Parts_of_a_field_are_even_where_the_whole_is(string name)
    {
        using var upscaler = new Upscaler(s_model, TestDevices.Get(name));
        byte[] input = Pixels((y, x, channel) => (byte)(x < 20 ? 64 : 64 + 5 * channel * (y % 3)));
        using GaussianField field = upscaler.BuildField(input, Size, Size, PixelLayout.Rgb, 4, cancellation: Cancellation);
        var whole = new byte[160 * 160 * 3];
        field.Render(whole, cancellation: Cancellation);
        var part = new byte[60 * 50 * 3];
        field.Render(left: 10, top: 15, magnification: 4, width: 60, height: 50, part, cancellation: Cancellation);
        for (int row = 0; row < 50; row++)
            Assert.Equal(whole.AsSpan(((60 + row) * 160 + 40) * 3, 180).ToArray(), part.AsSpan(row * 180, 180).ToArray());
        for (int row = 0; row < 50; row++)
            Assert.All(part.AsSpan(row * 180, 78).ToArray(), value => Assert.Equal(64, value));
    }

    [Theory, EachDevice]
    public void Greys_in_three_channels_stay_grey_if_that_is_wanted(string device)
    {
        byte[] photo = Picture.Photo(40, 30, Size, Size).Pixels;
        byte[] input = Pixels((y, x, _) => photo[(y * Size + x) * 3]);
        byte[] own = Upscale(TestDevices.Get(device), input);
        byte[] output = Upscale(TestDevices.Get(device), input, new UpscalerOptions { KeepGrey = true });
        Assert.NotEqual(own, output);
        for (int i = 0; i < output.Length; i += 3)
            Assert.All(output[i..(i + 3)], value => Assert.Equal((own[i] + own[i + 1] + own[i + 2]) / 3.0, value, 0.5));
        for (int i = 0; i < output.Length; i += 3)
            Assert.True(output[i] == output[i + 1] && output[i] == output[i + 2]);
    }

    private static GsasrModel SmallModel()
    {
        // The Gaussians of random weights are too bright together by far.
        MemoryCheckpoint checkpoint = new MemoryCheckpoint(SmallModels.Open(SmallModels.Edsr).Open())
            .Set<float>("decoder.mlp_block_alpha.4.bias", ElementType.Float32, [1], -3f);
        return new GsasrModel(() => checkpoint);
    }

    // The rule, pixel by pixel.
    private static bool IsEven(byte[] pixels, int column, int row)
    {
        for (int y = Math.Max(row - 2, 0); y <= Math.Min(row + 2, Size - 1); y++)
        {
            for (int x = Math.Max(column - 2, 0); x <= Math.Min(column + 2, Size - 1); x++)
            {
                if (!pixels.AsSpan((y * Size + x) * 3, 3).SequenceEqual(pixels.AsSpan((row * Size + column) * 3, 3)))
                    return false;
            }
        }

        return true;
    }

    private static byte[] Pixels(Func<int, int, int, byte> level)
    {
        var pixels = new byte[Size * Size * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = level(i / 3 / Size, i / 3 % Size, i % 3);
        return pixels;
    }

    private static byte[] Upscale(Device device, byte[] input, UpscalerOptions? options = null)
    {
        using var upscaler = new Upscaler(s_model, device, options);
        var output = new byte[OutputSize * OutputSize * 3];
        upscaler.Upscale(input, Size, Size, PixelLayout.Rgb, Scale, output, cancellation: Cancellation);
        return output;
    }
}
