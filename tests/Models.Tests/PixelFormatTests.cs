using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>Pixels in any layout, with gaps between rows, as bytes, ushorts and floats.</summary>
public sealed class PixelFormatTests : IDisposable
{
    private const int Width = 21;
    private const int Height = 16;

    private readonly CpuDevice _device = new();
    private readonly Upscaler _upscaler;
    private readonly byte[] _photo = Picture.Photo(40, 40, Width, Height).Pixels;

    public PixelFormatTests() => _upscaler = new Upscaler(GsasrModel.Default, _device);

    public void Dispose()
    {
        _upscaler.Dispose();
        _device.Dispose();
    }

    [Theory]
    [InlineData(PixelLayout.Bgr)]
    [InlineData(PixelLayout.Rgba)]
    [InlineData(PixelLayout.Bgra)]
    [InlineData(PixelLayout.RgbaPremultiplied)]
    [InlineData(PixelLayout.BgraPremultiplied)]
    public void The_order_of_channels_and_an_opaque_alpha_change_no_colour(PixelLayout layout)
    {
        byte[] expected = Upscale<byte>(_photo, PixelLayout.Rgb, PixelLayout.Rgb);
        int channels = layout.ChannelCount();
        bool isSwapped = layout is PixelLayout.Bgr or PixelLayout.Bgra or PixelLayout.BgraPremultiplied;
        var input = new byte[Width * Height * channels];
        for (int i = 0; i < Width * Height; i++)
        {
            for (int k = 0; k < 3; k++)
                input[i * channels + (isSwapped ? 2 - k : k)] = _photo[3 * i + k];
            if (channels == 4)
                input[4 * i + 3] = 255;
        }

        byte[] actual = Upscale<byte>(input, layout, layout);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i / 3 * channels + (isSwapped ? 2 - i % 3 : i % 3)]);
        Assert.True(channels == 3 || actual.Where((_, i) => i % 4 == 3).All(alpha => alpha == 255));

        // The output may have another layout than the input.
        Assert.Equal(expected, Upscale<byte>(input, layout, PixelLayout.Rgb));
        Assert.Equal(actual, Upscale<byte>(_photo, PixelLayout.Rgb, layout));
    }

    [Theory]
    [InlineData(PixelLayout.Rgba, PixelLayout.RgbaPremultiplied)]
    [InlineData(PixelLayout.Bgra, PixelLayout.BgraPremultiplied)]
    [InlineData(PixelLayout.GreyAlpha, PixelLayout.GreyAlphaPremultiplied)]
    public void Premultiplied_colours_are_those_of_straight_ones_times_alpha(PixelLayout straight, PixelLayout premultiplied)
    {
        int channels = straight.ChannelCount();
        var input = new float[Width * Height * channels];
        var multiplied = new float[input.Length];
        for (int i = 0; i < input.Length; i++)
        {
            int pixel = i / channels;
            float alpha = (float)(pixel % Width) / (Width - 1);
            bool isAlpha = i % channels == channels - 1;
            input[i] = isAlpha ? alpha : _photo[3 * pixel + i % channels] / 255f;
            multiplied[i] = isAlpha ? alpha : input[i] * alpha;
        }

        float[] expected = Upscale<float>(input, straight, straight);
        float[] actual = Upscale<float>(multiplied, premultiplied, premultiplied);
        float[] mixed = Upscale<float>(multiplied, premultiplied, straight);
        for (int i = 0; i < expected.Length; i++)
        {
            int last = i / channels * channels + channels - 1;
            Assert.Equal(i == last ? expected[i] : expected[i] * expected[last], actual[i], 1e-4f);
            Assert.Equal(expected[i], mixed[i], 1e-4f);
        }
    }

    [Fact]
    public void Rows_may_have_gaps_which_stay_as_they_are()
    {
        byte[] expected = Upscale<byte>(_photo, PixelLayout.Rgb, PixelLayout.Rgb);
        const int InputPitch = 3 * Width + 5;
        const int OutputPitch = 6 * Width + 7;
        var input = new byte[InputPitch * Height];
        var output = new byte[OutputPitch * 2 * Height];
        output.AsSpan().Fill(99);
        for (int y = 0; y < Height; y++)
            _photo.AsSpan(y * 3 * Width, 3 * Width).CopyTo(input.AsSpan(y * InputPitch));
        _upscaler.Upscale<byte>(
            new(input, Width, Height, PixelLayout.Rgb, InputPitch),
            new(output, 2 * Width, 2 * Height, PixelLayout.Rgb, OutputPitch),
            cancellation: TestContext.Current.CancellationToken);
        for (int y = 0; y < 2 * Height; y++)
        {
            Assert.Equal(expected.AsSpan(y * 6 * Width, 6 * Width), output.AsSpan(y * OutputPitch, 6 * Width));
            Assert.All(output[(y * OutputPitch + 6 * Width)..((y + 1) * OutputPitch)], gap => Assert.Equal(99, gap));
        }
    }

    [Fact]
    public void Floats_and_ushorts_are_the_same_picture_more_finely()
    {
        byte[] bytes = Upscale<byte>(_photo, PixelLayout.Rgb, PixelLayout.Rgb);
        ushort[] ushorts = Upscale<ushort>([.. _photo.Select(value => (ushort)(257 * value))], PixelLayout.Rgb, PixelLayout.Rgb);
        float[] floats = Upscale<float>([.. _photo.Select(value => value / 255f)], PixelLayout.Rgb, PixelLayout.Rgb);
        Assert.Equal(bytes, floats.Select(value => (byte)MathF.Round(255 * value)));
        for (int i = 0; i < floats.Length; i++)
            Assert.Equal(65535 * floats[i], ushorts[i], 0.51f);
    }

    [Fact]
    public void Floats_outside_0_to_1_are_cut_off_and_those_that_are_no_numbers_refused()
    {
        float[] image = [.. _photo.Select(value => value / 255f)];
        for (int i = 0; i < image.Length; i += 7)
            image[i] = i % 2;
        float[] expected = Upscale<float>(image, PixelLayout.Rgb, PixelLayout.Rgb);
        float[] beyond = [.. image.Select((value, i) => i % 7 == 0 ? (i % 2 == 0 ? -3 : float.PositiveInfinity) : value)];
        Assert.Equal(expected, Upscale<float>(beyond, PixelLayout.Rgb, PixelLayout.Rgb));
        Assert.All(expected, value => Assert.InRange(value, 0, 1));
        image[100] = float.NaN;
        Assert.Contains("NaN", Assert.Throws<ArgumentException>(() => Upscale<float>(image, PixelLayout.Rgb, PixelLayout.Rgb)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_that_does_not_hold_the_image_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ReadOnlyPixelSpan<byte>(new byte[11], 2, 2, PixelLayout.Rgb).Row(0).Length);
        Assert.Throws<ArgumentException>(() => new PixelSpan<byte>(new byte[13], 2, 2, PixelLayout.Rgb, rowPitch: 8).Row(0).Length);
        Assert.Equal(6, new PixelSpan<byte>(new byte[14], 2, 2, PixelLayout.Rgb, rowPitch: 8).Row(1).Length);
        Assert.Throws<ArgumentOutOfRangeException>("rowPitch", () => new PixelSpan<byte>(new byte[99], 2, 2, PixelLayout.Rgb, rowPitch: 5).Row(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>("width", () => new PixelSpan<byte>(new byte[99], 0, 2, PixelLayout.Rgb).Row(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>("layout", () => new PixelSpan<byte>(new byte[99], 2, 2, (PixelLayout)77).Row(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>("y", () => new PixelSpan<byte>(new byte[99], 2, 2, PixelLayout.Rgb).Row(2).Length);
        Assert.Throws<NotSupportedException>(() => new PixelSpan<int>(new int[99], 2, 2, PixelLayout.Rgb).Row(0).Length);
    }

    [Fact]
    public void A_field_is_drawn_into_any_pixels()
    {
        using GaussianField field = _upscaler.BuildField(_photo, Width, Height, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken);
        byte[] expected = Upscale<byte>(_photo, PixelLayout.Rgb, PixelLayout.Rgb);
        var floats = new float[2 * Width * 2 * Height * 4];
        field.Render<float>(new(floats, 2 * Width, 2 * Height, PixelLayout.BgraPremultiplied), TestContext.Current.CancellationToken);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], (byte)MathF.Round(255 * floats[i / 3 * 4 + 2 - i % 3]));
        Assert.Throws<ArgumentException>("destination", () => field.Render<float>(new(floats, 2 * Width, Height, PixelLayout.Rgb), TestContext.Current.CancellationToken));
    }

    private T[] Upscale<T>(T[] pixels, PixelLayout from, PixelLayout to)
        where T : unmanaged
    {
        var output = new T[2 * Width * 2 * Height * to.ChannelCount()];
        _upscaler.Upscale<T>(
            new(pixels, Width, Height, from), new(output, 2 * Width, 2 * Height, to), cancellation: TestContext.Current.CancellationToken);
        return output;
    }
}
