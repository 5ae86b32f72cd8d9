using Gsasr.Raster.Gpu;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>Viewports, layouts in memory, large sets: what must leave no trace in the image.</summary>
public class RasterizerPartsTests
{
    [Theory]
    [EachDevice]
    public void A_viewport_has_the_bits_of_that_part_of_the_whole(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(211, 143, 7.3, 0.4);
        float[] field = Fields.Random("crop", 600, sigma: 6, rho: 12);
        float[] whole = Images.Render(device, field, settings, 211, 143);

        (int, int, int, int)[] parts = [(0, 0, 211, 7), (64, 32, 64, 32), (13, 29, 101, 77), (210, 142, 1, 1), (50, 0, 3, 143)];
        foreach ((int left, int top, int width, int height) in parts)
        {
            float[] part = Images.Render(device, field, settings with { ViewportLeft = left, ViewportTop = top }, width, height);
            Images.AssertSameBits(Images.Crop(whole, 211, left, top, width, height), part, width);
        }
    }

    [Theory]
    [EachDevice]
    public void A_viewport_may_begin_between_pixels_and_outside_the_canvas(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] field = Fields.Random("fraction", 300, rho: 6);
        (double, double)[] corners = [(0.25, 0.5), (-20.3, -11.75), (61.0 / 3, 1e-9), (-1e-9, 40.999999)];
        foreach ((double left, double top) in corners)
        {
            var settings = new RasterSettings(90, 60, 5, 0.5, left, top);
            double[] expected = ReferenceRasterizer.Render(field, settings, 75, 45);
            Images.AssertClose(expected, Images.Render(device, field, settings, 75, 45), 75, Images.ToleranceOf(device));
        }
    }

    [Theory]
    [EachDevice]
    public void Slices_of_wider_tensors_are_read_and_written_in_place(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var arena = new Arena(device);
        var settings = new RasterSettings(37, 21, 4, 0.5);
        float[] field = Fields.Random("slices", 90);
        float[] expected = Images.Render(device, field, settings, 37, 21);

        var wideField = new float[6 * 15 * 13];
        wideField.AsSpan().Fill(float.NaN);
        for (int i = 0; i < 90; i++)
            field.AsSpan(i * 9, 9).CopyTo(wideField.AsSpan(i * 13 + 2));
        Tensor gaussians = device.Upload(wideField, 6, 15, 13);
        using DeviceBuffer gaussiansBuffer = gaussians.Buffer;
        Tensor image = device.Upload(new float[25 * 37 * 5], 25, 37, 5);
        using DeviceBuffer imageBuffer = image.Buffer;
        Rasterizer.Render(gaussians.SliceChannels(2, 9), settings, image.SliceRows(3, 21).SliceChannels(1, 3), arena, cancellation: TestContext.Current.CancellationToken);

        float[] written = image.ToArray();
        for (int i = 0; i < written.Length; i++)
        {
            int row = i / (37 * 5) - 3;
            int channel = i % 5 - 1;
            bool inside = row is >= 0 and < 21 && channel is >= 0 and < 3;
            Assert.Equal(inside ? expected[(row * 37 + i / 5 % 37) * 3 + channel] : 0, written[i]);
        }
    }

    [Theory]
    [EachDevice]
    public void Drawing_again_gives_the_same_bits(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(180, 120, 6, 0.3);
        float[] field = Fields.Grid("again", 80, 120);
        float[] first = Images.Render(device, field, settings, 180, 120);
        for (int run = 0; run < 5; run++)
            Images.AssertSameBits(first, Images.Render(device, field, settings, 180, 120), 180);
    }

    [Theory]
    [EachDevice]
    public void More_Gaussians_than_are_drawn_at_once_are_all_drawn(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);

        // More than 128 blocks of 128 blocks of 128, in random order: every pixel's Gaussians come from all parts of the set.
        float[] field = Fields.Random("many", 128 * 128 * 128 + 5000);
        var settings = new RasterSettings(1000, 1000, 2, 0.1, 480, 515);
        float[] image = Images.Render(device, field, settings, 20, 17);

        Images.AssertClose(
            ReferenceRasterizer.Render(field, settings with { ViewportLeft = 494, ViewportTop = 530 }, 3, 2),
            Images.Crop(image, 20, 14, 15, 3, 2),
            3,
            Images.ToleranceOf(device));
    }

    [Theory]
    [EachGpu]
    public void Drawing_in_chunks_does_not_change_a_bit(string deviceName)
    {
        GpuDevice device = TestDevices.GetGpu(deviceName);
        using var arena = new Arena(device);
        var settings = new RasterSettings(90, 60, 6, 0.3);
        float[] values = Fields.Random("chunks", 2500);
        Tensor field = device.Upload(values, 25, 100, 9);
        using DeviceBuffer fieldBuffer = field.Buffer;
        Tensor image = device.Upload(new float[90 * 60 * 3], 60, 90, 3);
        using DeviceBuffer imageBuffer = image.Buffer;

        float[] expected = Images.Render(device, values, settings, 90, 60);
        foreach (int chunkSize in (int[])[1000, 999, 128])
        {
            GpuRasterizer.Render(device, field, settings, image, arena, chunkSize);
            Images.AssertSameBits(expected, image.ToArray(), 90);
        }
    }

    [Theory]
    [EachDevice]
    public void Gaussians_that_all_cover_the_whole_image_need_bounded_memory(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var arena = new Arena(device);
        const int Count = 3000;
        const int Width = 2600;
        const int Height = 16;
        var settings = new RasterSettings(Width, Height, 10000, 1);
        float[] values = Fields.Random("cover", Count, margin: 0);
        for (int i = 0; i < values.Length; i++)
        {
            if (i % 9 < 2)
                values[i] = 3;
        }

        Tensor field = device.Upload(values, 1, Count, 9);
        using DeviceBuffer fieldBuffer = field.Buffer;
        Tensor image = device.Upload(new float[Width * Height * 3], Height, Width, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        Rasterizer.Render(field, settings, image, arena, cancellation: TestContext.Current.CancellationToken);

        float[] drawn = image.ToArray();
        Assert.InRange(arena.PeakBytes, 1, 32 << 20);
        foreach ((int x, int y) in ((int, int)[])[(0, 0), (Width - 1, Height - 1), (1300, 7)])
        {
            float[] pixel = drawn[((y * Width + x) * 3)..((y * Width + x) * 3 + 3)];
            Images.AssertClose(ReferenceRasterizer.Pixel(values, settings, x, y), pixel, 1, 1e-5);
        }
    }

    [Theory]
    [EachDevice]
    public void Gaussians_that_all_lie_on_one_pixel_are_all_drawn(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(65, 65, 2, 1);
        float[] field = Fields.Random("heap", 20000, margin: -0.5f);
        Images.AssertClose(
            ReferenceRasterizer.Render(field, settings with { ViewportLeft = 27, ViewportTop = 27 }, 11, 11),
            Images.Render(device, field, settings with { ViewportLeft = 27, ViewportTop = 27 }, 11, 11),
            11,
            1e-5);
    }

    [Theory]
    [EachDevice]
    public void Culled_tails_of_a_dense_field_are_not_missed(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);

        // As dense as a decoder's field is, all of the widest Gaussians, opaque and white: each pixel is 70, the sum of more
        // than a thousand terms most of which are tails. Rounding of the sums loses 3e-6 of it, the cutoff 1e-7.
        const int Cells = 48;
        var settings = new RasterSettings(96, 96, 8, 2);
        float[] field = Fields.Grid("tails", Cells, Cells);
        for (int i = 0; i < field.Length; i += 9)
            new[] { 30f, 30f, 0f, 30f, 30f, 30f, 30f }.CopyTo(field, i);
        Images.AssertClose(
            ReferenceRasterizer.Render(field, settings, 96, 96), Images.Render(device, field, settings, 96, 96), 96, 1e-5);
    }

    [Theory]
    [EachDevice]
    public void Random_settings_match_the_definition(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var random = new Random(20260301);
        for (int run = 0; run < 150; run++)
        {
            int width = random.Next(1, 90);
            int height = random.Next(1, 60);
            int canvasWidth = random.Next(1, 120);
            int canvasHeight = random.Next(1, 120);
            var settings = new RasterSettings(
                canvasWidth, canvasHeight, Math.Pow(2, random.NextDouble() * 8 - 1), random.NextDouble() * 1.5,
                random.Next(-5, canvasWidth), (random.NextDouble() * 1.1 - 0.1) * canvasHeight);
            float[] field = Fields.Random($"fuzz/{run}", random.Next(1, 60), random.NextSingle() * 12, random.NextSingle() * 10, 0.3f);
            double[] expected = ReferenceRasterizer.Render(field, settings, width, height);
            Images.AssertClose(expected, Images.Render(device, field, settings, width, height), width, Images.ToleranceOf(device));
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        float[] field = Fields.Grid("threads", 200, 300);
        var settings = new RasterSettings(300, 200, 4, 0.2);
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using var device = new CpuDevice(threads);
            float[] image = Images.Render(device, field, settings, 300, 200);
            first ??= image;
            Images.AssertSameBits(first, image, 300);
        }
    }

    [Fact]
    public void Drawing_on_the_processor_allocates_nothing_once_warm()
    {
        using var device = new CpuDevice(1);
        using var arena = new Arena(device);
        Tensor field = device.Upload(Fields.Grid("warm", 40, 60), 40, 60, 9);
        using DeviceBuffer fieldBuffer = field.Buffer;
        Tensor image = device.Upload(new float[80 * 120 * 3], 80, 120, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        var settings = new RasterSettings(120, 80, 8);
        for (int i = 0; i < 3; i++)
            Rasterizer.Render(field, settings, image, arena, cancellation: TestContext.Current.CancellationToken);

        long allocated = Allocations.Least(() =>
        {
            for (int i = 0; i < 100; i++)
                Rasterizer.Render(field, settings, image, arena, cancellation: TestContext.Current.CancellationToken);
        });
        Assert.InRange(allocated, 0, 100);
    }

    [Fact]
    public void Unusable_arguments_are_refused_by_name()
    {
        using var device = new CpuDevice(1);
        using var other = new CpuDevice(1);
        using var arena = new Arena(device);
        using var otherArena = new Arena(other);
        Tensor field = device.Upload(new float[9], 1, 1, 9);
        using DeviceBuffer fieldBuffer = field.Buffer;
        Tensor image = device.Upload(new float[12], 2, 2, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        var good = new RasterSettings(2, 2, 4);

        Assert.Throws<ArgumentException>("gaussians", () => Rasterizer.Render(image, good, image, arena, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>("image", () => Rasterizer.Render(field, good, field, arena, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>("image", () => Rasterizer.Render(field, good, image, otherArena, cancellation: TestContext.Current.CancellationToken));
        foreach (RasterSettings bad in (RasterSettings[])[
            good with { CanvasWidth = 0 }, good with { CanvasHeight = -1 }, good with { CanvasWidth = RasterSettings.MaximumCanvas + 2 },
            good with { CanvasHeight = float.NaN }, good with { ScaleY = 0 }, good with { LeastReach = -1 }, good with { LeastReach = double.NaN },
            good with { Scale = 0 }, good with { Scale = double.NaN }, good with { Scale = 1e5 },
            good with { DMax = -0.1 }, good with { DMax = double.NaN }, good with { DMax = double.PositiveInfinity },
            good with { ViewportLeft = double.NaN }, good with { ViewportTop = 1e9 }])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Rasterizer.Render(field, bad, image, arena, cancellation: TestContext.Current.CancellationToken));
        }
    }
}
