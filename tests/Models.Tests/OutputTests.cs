using Gsasr.Pipeline;
using Gsasr.Raster;
using Gsasr.Raster.Tests;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Outputs of any size, each axis with a factor of its own, and outputs that are handed over in bands.</summary>
public sealed class OutputTests(ITestOutputHelper output)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(36, 36, 61, 113)]
    [InlineData(36, 24, 250, 30)]
    [InlineData(37, 41, 37, 123)]
    public void Axes_have_factors_of_their_own(int width, int height, int outputWidth, int outputHeight)
    {
        byte[] pixels = Picture.Photo(40, 40, width, height).Pixels;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { KeepEvenAreas = false });
        var actual = new float[outputWidth * outputHeight * 3];
        upscaler.Upscale<float>(
            new([.. pixels.Select(value => value / 255f)], width, height, PixelLayout.Rgb), new(actual, outputWidth, outputHeight, PixelLayout.Rgb), cancellation: Cancellation);

        // The same Gaussians, drawn by their definition.
        double factorX = (double)outputWidth / width;
        double factorY = (double)outputHeight / height;
        using GaussianField field = upscaler.BuildField(pixels, width, height, PixelLayout.Rgb, Math.Sqrt(factorX * factorY), cancellation: Cancellation);
        ImageGeometry geometry = field.Geometry;
        var canvas = new RasterSettings(
            (float)(factorX * geometry.PaddedWidth), (float)(factorY * geometry.PaddedHeight), factorX, ScaleY: factorY);
        double[] expected = ReferenceRasterizer.Render(field.Gaussians.ToArray(), canvas, outputWidth, outputHeight, GaussianFormat.Raw.Columns);
        double largest = expected.Zip(actual, (e, a) => Math.Abs(Math.Clamp(e, 0, 1) - a)).Max();
        output.WriteLine($"largest difference {largest:e2}");
        Assert.InRange(largest, 0, 2e-5);
    }

    [Fact]
    public void Sizes_and_scales_outside_their_range_are_refused()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        Assert.Throws<ArgumentOutOfRangeException>("width", () => Upscale(upscaler, 11, 12, null));
        Assert.Throws<ArgumentOutOfRangeException>("height", () => Upscale(upscaler, 12, 12 * 64 + 1, null));
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => Upscale(upscaler, 24, 24, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => Upscale(upscaler, 24, 24, double.NaN));
        using var published = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, UpscalerOptions.AsPublished);
        Assert.Contains("scale", Assert.Throws<ArgumentException>(() => Upscale(published, 30, 29, null)).Message, StringComparison.Ordinal);
        Upscale(published, 30, 30, 2.5);

        static void Upscale(Upscaler upscaler, int width, int height, double? scale) => upscaler.Upscale<byte>(
            new(new byte[12 * 12 * 3], 12, 12, PixelLayout.Rgb), new(new byte[width * height * 3], width, height, PixelLayout.Rgb), scale, cancellation: Cancellation);
    }

    [Theory]
    [InlineData(60, 130, PixelLayout.Rgb, 0)]
    [InlineData(84, 72, PixelLayout.Rgba, 0)]
    [InlineData(300, 50, PixelLayout.Bgr, 24)]
    public void Bands_are_the_picture_from_top_to_bottom(int width, int height, PixelLayout layout, int mebibytes)
    {
        // With little memory the strips of a wide image go to the right, and the picture is put together first.
        var options = new UpscalerOptions { MaximumTilePixels = 60 * 60, TileOverlap = 12, MemoryLimitBytes = (long)mebibytes << 20 };
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(GsasrModel.Default, device, options);
        int channels = layout.ChannelCount();
        byte[] photo = Picture.Photo(0, 0, 60, 50).Repeated(width, height).Pixels;
        byte[] pixels = [.. Enumerable.Range(0, width * height * channels).Select(i => i % channels == 3 ? (byte)(i / channels % 256) : photo[i / channels * 3 + i % channels])];
        int outputWidth = 2 * width + 1;
        int outputHeight = 3 * height;
        var expected = new byte[outputWidth * outputHeight * channels];
        upscaler.Upscale<byte>(new(pixels, width, height, layout), new(expected, outputWidth, outputHeight, layout), cancellation: Cancellation);
        Assert.True(upscaler.LastPlan!.Strips.Count > 1);
        Assert.Equal(mebibytes > 0, upscaler.LastPlan.Strips.GoesRight);

        var actual = new byte[expected.Length];
        int next = 0;
        int bands = 0;
        upscaler.Upscale<byte>(
            new(pixels, width, height, layout),
            outputWidth,
            outputHeight,
            layout,
            (top, rows) =>
            {
                Assert.Equal(next, top);
                Assert.Equal((outputWidth, layout), (rows.Width, rows.Layout));
                for (int y = 0; y < rows.Height; y++)
                    rows.Row(y).CopyTo(actual.AsSpan((top + y) * outputWidth * channels));
                next += rows.Height;
                bands++;
            },
            cancellation: Cancellation);
        output.WriteLine($"{bands} bands");
        Assert.Equal(outputHeight, next);
        Assert.Equal(expected, actual);
        Assert.Equal(mebibytes > 0, bands == 1);
    }

    [Fact]
    public void Rows_that_were_handed_over_before_the_memory_ran_out_are_not_handed_over_again()
    {
        const int Width = 48;
        const int Height = 300;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, new UpscalerOptions { MaximumTilePixels = 84 * 84, TileOverlap = 12 });
        int next = 0;
        using var progress = new RunsOut(device) { When = () => next > 100 };
        upscaler.Upscale<byte>(
            new(Picture.Photo(0, 0, Width, 60).Repeated(Width, Height).Pixels, Width, Height, PixelLayout.Rgb),
            Width,
            Height,
            PixelLayout.Rgb,
            (top, rows) =>
            {
                Assert.Equal(next, top);
                next += rows.Height;
            },
            progress: progress,
            cancellation: Cancellation);
        Assert.True(progress.RanOut);
        Assert.Equal(Height, next);
    }

    [Fact]
    public void What_the_receiver_throws_ends_the_work_and_leaves_the_upscaler_usable()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, 36, 36).Pixels;
        Assert.Throws<IOException>(() => upscaler.Upscale<byte>(
            new(pixels, 36, 36, PixelLayout.Rgb), 72, 72, PixelLayout.Rgb, (_, _) => throw new IOException("The disk is full."), cancellation: Cancellation));
        upscaler.Upscale(pixels, 36, 36, PixelLayout.Rgb, 2, new byte[72 * 72 * 3], cancellation: Cancellation);
    }

    [Fact]
    public void Too_little_memory_in_the_callers_own_code_ends_the_work_as_any_failure_of_it_does()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, 36, 36).Pixels;
        var failure = new DeviceMemoryException("The caller's own work on a device has too little memory.");
        int calls = 0;
        Assert.Same(failure, Assert.Throws<DeviceMemoryException>(() => upscaler.Upscale<byte>(
            new(pixels, 36, 36, PixelLayout.Rgb), 72, 72, PixelLayout.Rgb, (_, _) => Fail(), cancellation: Cancellation)));
        Assert.Equal(1, calls);
        var progress = new Callback(Fail);
        Assert.Same(failure, Assert.Throws<DeviceMemoryException>(
            () => upscaler.Upscale(pixels, 36, 36, PixelLayout.Rgb, 2, new byte[4 * pixels.Length], progress, Cancellation)));
        Assert.Equal(2, calls);
        Assert.Same(failure, Assert.Throws<DeviceMemoryException>(
            () => upscaler.BuildField(pixels, 36, 36, PixelLayout.Rgb, 2, progress, Cancellation)));
        Assert.Equal(3, calls);

        // A picture that is put together before it is handed over.
        using var wrapping = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, new UpscalerOptions { Wrap = true });
        Assert.Same(failure, Assert.Throws<DeviceMemoryException>(() => wrapping.Upscale<byte>(
            new(pixels, 36, 36, PixelLayout.Rgb), 72, 72, PixelLayout.Rgb, (_, _) => Fail(), cancellation: Cancellation)));
        Assert.Equal(4, calls);

        void Fail()
        {
            calls++;
            throw failure;
        }
    }

    [Fact]
    public void A_memory_limit_is_kept_and_too_small_a_one_refused_in_a_sentence()
    {
        const int Size = 128;
        byte[] pixels = Picture.Photo(0, 0, 64, 64).Mirrored(Size).Pixels;
        using var device = new CpuDevice(2);
        using (var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MemoryLimitBytes = 64 << 20 }))
        {
            long before = device.AllocatedBytes;
            upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgb, 2, new byte[4 * pixels.Length], cancellation: Cancellation);
            Assert.InRange(upscaler.LastPlan!.TotalBytes, 1, 64 << 20);
            Assert.InRange(device.AllocatedBytes - before, 1, 64 << 20);

            // It may be another one for the next image, and what is held beyond it is given back.
            upscaler.MemoryLimitBytes = 48 << 20;
            upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgb, 2, new byte[4 * pixels.Length], cancellation: Cancellation);
            Assert.InRange(device.AllocatedBytes - before, 1, 48 << 20);
            Assert.Equal(upscaler.LastPlan.Describe(), upscaler.EstimateMemory<byte>(Size, Size, PixelLayout.Rgb, 2 * Size, 2 * Size));
        }

        using var limited = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MemoryLimitBytes = 4 << 20 });
        DeviceMemoryException error = Assert.Throws<DeviceMemoryException>(
            () => limited.Upscale(pixels, Size, Size, PixelLayout.Rgb, 2, new byte[4 * pixels.Length], cancellation: Cancellation));
        output.WriteLine(error.Message);
        Assert.Contains("limit of 4 MiB", error.Message, StringComparison.Ordinal);
        Assert.Contains("128 x 128", error.Message, StringComparison.Ordinal);
    }

    private sealed class Callback(Action action) : IProgress<double>
    {
        public void Report(double value) => action();
    }
}
