using Gsasr.Checkpoints;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>What users of <see cref="Upscaler"/> and <see cref="GaussianField"/> count on.</summary>
public sealed class UpscalerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EachDevice]
    public void The_same_image_gives_the_same_bits(string device)
    {
        Picture picture = Picture.Photo(40, 40, 31, 26);
        using var upscaler = new Upscaler(GsasrModel.Default, TestDevices.Get(device));
        float[] first = Draw(upscaler, picture, 2.7);
        // Another image between the two leaves other values in all the memory that is used again.
        Draw(upscaler, Picture.Photo(0, 0, 40, 17), 2);
        Assert.Equal(first, Draw(upscaler, picture, 2.7));
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        Picture picture = Picture.Photo(40, 40, 37, 26);
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using var device = new CpuDevice(threads);
            using var upscaler = new Upscaler(GsasrModel.Default, device);
            float[] image = Draw(upscaler, picture, 3.3);
            Assert.Equal(first ??= image, image);
        }
    }

    [Fact]
    public void Progress_rises_to_1()
    {
        Picture picture = Picture.Photo(10, 10, 30, 30);
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MaximumTilePixels = 1, TileOverlap = 0 });
        var target = new byte[4 * 4 * 30 * 30];
        var rgba = new byte[4 * 30 * 30];
        rgba.AsSpan().Fill(100);
        foreach (PixelLayout layout in (PixelLayout[])[PixelLayout.Rgb, PixelLayout.Rgba])
        {
            var reports = new Reports();
            bool alpha = layout == PixelLayout.Rgba;
            upscaler.Upscale(
                alpha ? rgba : picture.Pixels, 30, 30, layout, 2, target.AsSpan(0, 4 * 900 * layout.ChannelCount()), reports, Cancellation);
            Assert.True(reports.Values.Count > 10, $"{reports.Values.Count} reports are too few.");
            Assert.All(reports.Values.Zip(reports.Values.Skip(1)), pair => Assert.True(pair.First < pair.Second));
            Assert.InRange(reports.Values[0], 0, 0.2);
            Assert.Equal(1, reports.Values[^1]);
        }
    }

    [Theory, EachDevice]
    public void Cancelling_stops_soon_and_leaves_the_upscaler_usable(string device)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, TestDevices.Get(device));
        Picture small = Picture.Photo(40, 40, 12, 12);
        float[] expected = Draw(upscaler, small, 2);
        using var cancellation = new CancellationTokenSource();
        var reports = new Reports { WhenReported = _ => cancellation.Cancel() };
        Picture large = Picture.Photo(0, 0, 60, 60);
        var target = new byte[4 * large.Pixels.Length];
        Assert.ThrowsAny<OperationCanceledException>(
            () => upscaler.Upscale(
                large.Pixels, 60, 60, PixelLayout.Rgb, 2, target, reports, cancellation.Token));
        // The first report cancelled the work, and there was no second one.
        Assert.Single(reports.Values);
        Assert.All(target, value => Assert.Equal(0, value));
        Assert.Equal(expected, Draw(upscaler, small, 2));
    }

    [Fact]
    public void A_call_cancelled_before_it_starts_does_nothing()
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        Picture picture = Picture.Photo(0, 0, 12, 12);
        var target = new byte[4 * picture.Pixels.Length];
        Assert.ThrowsAny<OperationCanceledException>(() => upscaler.Upscale(
            picture.Pixels, 12, 12, PixelLayout.Rgb, 2, target, cancellation: new CancellationToken(canceled: true)));
        Assert.All(target, value => Assert.Equal(0, value));
    }

    [Theory, EachDevice]
    public void Weights_that_are_no_numbers_give_an_error_instead_of_a_black_picture(string device)
    {
        using var basis = ModelCheckpoint.Open(TestData.ModelFile("gsasr-lite.safetensors"));
        var weights = new MemoryCheckpoint(basis);
        var bias = new float[64];
        bias[17] = float.NaN;
        weights.Set<float>("encoder.conv_first.bias", ElementType.Float32, [64], bias);
        using var upscaler = new Upscaler(new GsasrModel(() => weights), TestDevices.Get(device));
        Picture picture = Picture.Photo(0, 0, 12, 12);
        var target = new byte[4 * picture.Pixels.Length];
        var error = Assert.Throws<ModelOutputException>(
            () => upscaler.Upscale(picture.Pixels, 12, 12, PixelLayout.Rgb, 2, target, cancellation: Cancellation));
        Assert.Contains("not numbers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_under_transparent_pixels_do_not_show()
    {
        const int Size = 24;
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var images = new List<byte[]>();
        foreach (byte hidden in (byte[])[0, 90, 255])
        {
            var pixels = new byte[Size * Size * 4];
            for (int i = 0; i < Size * Size; i++)
            {
                bool visible = i % Size < Size / 2;
                pixels.AsSpan(4 * i, 3).Fill(visible ? (byte)200 : hidden);
                pixels[4 * i + 3] = visible ? (byte)255 : (byte)0;
            }

            var target = new byte[4 * pixels.Length];
            upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgba, 2, target, cancellation: Cancellation);
            images.Add(target);
        }

        Assert.Equal(images[0], images[1]);
        Assert.Equal(images[0], images[2]);
        // The edge keeps the colour of what is visible.
        for (int x = 0; x < 2 * Size; x++)
            Assert.InRange(images[0][(Size * 2 * Size + x) * 4], 185, 215);
    }

    [Fact]
    public void Grey_is_upscaled_as_three_equal_channels()
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        byte[] grey = [.. Picture.Photo(30, 30, 20, 15).Pixels.Where((_, i) => i % 3 == 1)];
        byte[] colours = [.. grey.SelectMany(value => (byte[])[value, value, value])];
        var greyResult = new byte[40 * 30];
        var colourResult = new byte[40 * 30 * 3];
        upscaler.Upscale(grey, 20, 15, PixelLayout.Grey, 2, greyResult, cancellation: Cancellation);
        upscaler.Upscale(colours, 20, 15, PixelLayout.Rgb, 2, colourResult, cancellation: Cancellation);
        for (int i = 0; i < greyResult.Length; i++)
            Assert.Equal((int)Math.Round((colourResult[3 * i] + colourResult[3 * i + 1] + colourResult[3 * i + 2]) / 3.0), greyResult[i]);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var pixels = new byte[4 * 4 * 3];
        var target = new byte[8 * 8 * 3];
        Assert.Throws<ArgumentException>(
            () => upscaler.Upscale(pixels.AsSpan(1), 4, 4, PixelLayout.Rgb, 2, target, cancellation: Cancellation));
        Assert.Throws<ArgumentException>(
            () => upscaler.Upscale(pixels, 4, 4, PixelLayout.Rgb, 2, target.AsSpan(1), cancellation: Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => upscaler.Upscale(pixels, 0, 4, PixelLayout.Rgb, 2, target, cancellation: Cancellation));
        foreach (double scale in (double[])[0.99, 64.1, double.NaN, double.PositiveInfinity])
            Assert.Throws<ArgumentOutOfRangeException>(
                () => upscaler.Upscale(pixels, 4, 4, PixelLayout.Rgb, scale, target, cancellation: Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Upscaler(GsasrModel.Default, device, new UpscalerOptions { DMax = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Upscaler(GsasrModel.Default, device, new UpscalerOptions { TileOverlap = -1 }));
    }

    private static float[] Draw(Upscaler upscaler, Picture picture, double scale)
    {
        using GaussianField field = upscaler.BuildField(
            picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, scale, cancellation: Cancellation);
        (int width, int height) = Upscaler.OutputSize(picture.Width, picture.Height, scale);
        var image = new float[width * height * 3];
        field.RenderSums(image);
        return image;
    }

    private sealed class Reports : IProgress<double>
    {
        public List<double> Values { get; } = [];

        public Action<double>? WhenReported { get; init; }

        public void Report(double value)
        {
            Values.Add(value);
            WhenReported?.Invoke(value);
        }
    }
}
