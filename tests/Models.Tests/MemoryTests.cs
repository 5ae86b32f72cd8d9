using Gsasr.Architecture;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Images in little memory: plans, what they promise, and what comes of it.</summary>
public sealed class MemoryTests(ITestOutputHelper output)
{
    private const long Mebibyte = 1 << 20;

    private const int LimitedSize = 200;
    private const int LimitedScale = 4;

    // What is upscaled in little memory, upscaled in as much as it takes: the same for all limits.
    private static readonly Lazy<byte[]> s_unlimited = new(UpscaleUnlimited);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Picture LimitedPicture => Picture.Photo(0, 0, 100, 100).Mirrored(LimitedSize);

    [Theory]
    [InlineData(64)]
    [InlineData(192)]
    public void An_image_is_upscaled_in_little_memory_and_takes_what_was_planned(int mebibytes)
    {
        const int Size = LimitedSize;
        Picture picture = LimitedPicture;
        using var device = new CpuDevice(2, mebibytes * Mebibyte);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        MemoryEstimate estimate = upscaler.EstimateMemory<byte>(Size, Size, PixelLayout.Rgb, LimitedScale * Size, LimitedScale * Size);
        var pixels = new byte[LimitedScale * LimitedScale * picture.Pixels.Length];
        upscaler.Upscale(picture.Pixels, Size, Size, PixelLayout.Rgb, LimitedScale, pixels, cancellation: Cancellation);
        MemoryPlan plan = upscaler.LastPlan!;
        output.WriteLine(
            $"tiles of {plan.Tiles.Width} x {plan.Tiles.Height}, {plan.Strips.Count} strips; planned {plan.WorkingBytes / 1e6:0.0} MB of working memory, "
            + $"taken {upscaler.PeakWorkingBytes / 1e6:0.0}; in all planned {plan.TotalBytes / 1e6:0.0}, taken {device.AllocatedBytes / 1e6:0.0} with weights");
        Assert.Equal(plan.TotalBytes, estimate.TotalBytes);
        Assert.InRange(upscaler.PeakWorkingBytes, 0.85 * plan.WorkingBytes, plan.WorkingBytes);
        Assert.InRange(device.AllocatedBytes, plan.TotalBytes - plan.OperationBytes - plan.HostBytes, mebibytes * Mebibyte);

        // As close to the image without tiles as tiles are.
        double psnr = Psnr(s_unlimited.Value, pixels);
        output.WriteLine($"{psnr:0.0} dB");
        Assert.True(psnr > 50, $"{psnr:0.0} dB are less than 50.");
    }

    [Fact]
    public void Operations_take_at_most_the_memory_for_each_thread_that_their_architectures_say()
    {
        foreach (GsasrArchitecture architecture in SmallModels.Architectures)
        {
            using var device = new CpuDevice(9);
            using var upscaler = new Upscaler(SmallModels.Open(architecture), device);
            (long taken, MemoryPlan plan) = Take(upscaler, device, 3 * architecture.SizeMultiple);
            Assert.InRange(taken, 1, plan.OperationBytes);
        }
    }

    [Fact]
    public void Operations_on_an_image_that_keeps_all_threads_busy_take_what_was_planned()
    {
        using var device = new CpuDevice(3);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        (long taken, MemoryPlan plan) = Take(upscaler, device, 96);
        Assert.InRange(taken, 0.99 * plan.OperationBytes, plan.OperationBytes);
    }

    [Fact]
    public void A_device_of_many_threads_takes_no_more_than_its_operations_need()
    {
        const int Size = 40;
        using var device = new CpuDevice(64);
        using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MemoryLimitBytes = 48 * Mebibyte });
        long weights = device.AllocatedBytes;
        upscaler.Upscale(Picture.Photo(0, 0, Size, Size).Pixels, Size, Size, PixelLayout.Rgb, 1, new byte[Size * Size * 3], cancellation: Cancellation);
        MemoryPlan plan = upscaler.LastPlan!;
        output.WriteLine($"planned {plan.TotalBytes}, of which {plan.OperationBytes} for operations; taken {device.AllocatedBytes - weights}");
        Assert.InRange(device.AllocatedBytes - weights, 1, plan.TotalBytes - plan.HostBytes);
    }

    [Fact]
    public void A_picture_that_is_put_together_whole_counts()
    {
        const int Size = 64;
        const int Output = 32 * Size;
        const long Whole = 3L * Output * Output;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, new UpscalerOptions { Wrap = true, TileOverlap = 12, MemoryLimitBytes = 64 * Mebibyte });
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        upscaler.Upscale<byte>(
            new(pixels, Size, Size, PixelLayout.Rgb), new(new byte[Whole], Output, Output, PixelLayout.Rgb), cancellation: Cancellation);
        long without = upscaler.LastPlan!.TotalBytes;
        upscaler.Upscale<byte>(
            new(pixels, Size, Size, PixelLayout.Rgb), Output, Output, PixelLayout.Rgb, (_, _) => { }, cancellation: Cancellation);
        MemoryPlan plan = upscaler.LastPlan!;
        output.WriteLine($"{without} bytes into memory of the caller's, {plan.TotalBytes} in rows");
        Assert.InRange(plan.HostBytes, Whole, plan.TotalBytes);
        Assert.InRange(plan.TotalBytes, Whole, 64 * Mebibyte);
        Assert.Equal(plan.Describe(), upscaler.EstimateMemory<byte>(Size, Size, PixelLayout.Rgb, Output, Output));
        upscaler.MemoryLimitBytes = Whole;
        Assert.Throws<DeviceMemoryException>(() => upscaler.Upscale<byte>(
            new(pixels, Size, Size, PixelLayout.Rgb), Output, Output, PixelLayout.Rgb, (_, _) => { }, cancellation: Cancellation));
    }

    [Fact]
    public void A_very_wide_picture_whose_rows_are_handed_over_counts_whole()
    {
        GsasrArchitecture architecture = GsasrModel.Default.Architecture;
        using var device = new CpuDevice(2);
        ImageGeometry geometry = ImageGeometry.Padded(350_000, 36, 1, architecture.SizeMultiple, asPublished: false);
        MemoryPlan kept = MemoryPlan.Create(geometry, architecture, device, new UpscalerOptions(), new DrawnFormat(1, 1, 0), 512 * Mebibyte);
        MemoryPlan handedOver = MemoryPlan.Create(geometry, architecture, device, new UpscalerOptions(), new DrawnFormat(1, 1, 4), 512 * Mebibyte);
        Assert.True(handedOver.Strips.GoesRight);
        long whole = 4 * geometry.PaddedPixels;
        Assert.InRange(handedOver.HostBytes - kept.HostBytes, 0.9 * whole, 1.1 * whole);
        Assert.True(handedOver.TotalBytes <= 512 * Mebibyte, $"{handedOver.TotalBytes} bytes");
    }

    [Fact]
    public void An_image_is_refused_before_memory_is_taken_for_it_and_stopped_before_anything()
    {
        const int Size = 3000;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, new UpscalerOptions { MemoryLimitBytes = 64 * Mebibyte });
        var pixels = new byte[Size * Size];
        PixelBandReceiver<byte> receive = (_, _) => { };
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DeviceMemoryException>(() => Upscale(Cancellation));
        Assert.Throws<DeviceMemoryException>(() => upscaler.BuildField<byte>(new(pixels, Size, Size, PixelLayout.Grey), 1, cancellation: Cancellation));
        Assert.ThrowsAny<OperationCanceledException>(() => Upscale(new CancellationToken(canceled: true)));
        Assert.ThrowsAny<OperationCanceledException>(
            () => upscaler.BuildField<byte>(new(pixels, Size, Size, PixelLayout.Grey), 1, cancellation: new CancellationToken(canceled: true)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * Mebibyte);

        void Upscale(CancellationToken cancellation) =>
            upscaler.Upscale<byte>(new(pixels, Size, Size, PixelLayout.Grey), Size, Size, PixelLayout.Grey, receive, cancellation: cancellation);
    }

    [Fact]
    public void An_image_of_more_values_than_fit_into_memory_together_is_refused_in_a_sentence()
    {
        const int Size = 30_000;
        using var device = new CpuDevice(1);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        ArgumentException estimate = Assert.Throws<ArgumentException>(() => upscaler.EstimateMemory<byte>(Size, Size, PixelLayout.Grey, Size, Size));
        output.WriteLine(estimate.Message);
        Assert.Contains("30000 x 30000 pixels are too large", estimate.Message, StringComparison.Ordinal);

        // Memory that is never written to is not taken.
        var pixels = new byte[Size * Size];
        ArgumentException upscale = Assert.Throws<ArgumentException>(() => upscaler.Upscale<byte>(
            new(pixels, Size, Size, PixelLayout.Grey), Size, Size, PixelLayout.Grey, (_, _) => { }, cancellation: Cancellation));
        Assert.Equal(estimate.Message, upscale.Message);
    }

    [Fact]
    public void Memory_is_estimated_only_for_what_can_be_upscaled()
    {
        using var device = new CpuDevice(1);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        Assert.Throws<NotSupportedException>(() => upscaler.EstimateMemory<long>(36, 36, PixelLayout.Rgb, 72, 72));
        Assert.Throws<NotSupportedException>(() => upscaler.EstimateMemory<int>(36, 36, PixelLayout.Rgb, 72, 72));
        Assert.Throws<NotSupportedException>(() => upscaler.EstimateMemory<decimal>(36, 36, PixelLayout.Rgb, 72, 72));
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => upscaler.EstimateMemory<byte>(36, 36, PixelLayout.Rgb, 72, 72));
    }

    [Fact]
    public void Networks_take_the_working_memory_that_their_architectures_say()
    {
        foreach (GsasrArchitecture architecture in SmallModels.Architectures.Append(GsasrModel.Default.Architecture))
        {
            GsasrModel model = SmallModels.Open(architecture);
            using var device = new CpuDevice(2);
            using var upscaler = new Upscaler(model, device);
            int size = 3 * architecture.SizeMultiple;
            Picture picture = Picture.Photo(0, 0, size, size);
            using GaussianField field = upscaler.BuildField(picture.Pixels, size, size, PixelLayout.Rgb, 2, cancellation: Cancellation);
            output.WriteLine($"{architecture}: planned {upscaler.LastPlan!.WorkingBytes}, taken {upscaler.PeakWorkingBytes}");
            Assert.InRange(upscaler.PeakWorkingBytes, 0.9 * upscaler.LastPlan.WorkingBytes, upscaler.LastPlan.WorkingBytes);
        }
    }

    [Theory]
    [InlineData(48, 118, 0)]
    [InlineData(118, 120, 0)]
    [InlineData(300, 50, 24)]
    public void Strips_show_no_seams_and_change_nothing_but_the_order_of_sums(int width, int height, int mebibytes)
    {
        // With little memory strips go to the right where the image is wide.
        Picture picture = Photo(width, height);
        using var device = new CpuDevice(2);
        var options = new UpscalerOptions { MaximumTilePixels = 60 * 60, TileOverlap = 12, KeepEvenAreas = false, MemoryLimitBytes = mebibytes * Mebibyte };
        using var upscaler = new Upscaler(GsasrModel.Default, device, options);
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, 2.3);
        var actual = new ushort[outputWidth * outputHeight * 3];
        ushort[] pixels = [.. picture.Pixels.Select(value => (ushort)(257 * value))];
        upscaler.Upscale(pixels, width, height, PixelLayout.Rgb, 2.3, actual, cancellation: Cancellation);
        output.WriteLine($"{upscaler.LastPlan!.Tiles}, {upscaler.LastPlan.Strips.Count} strips, {upscaler.LastPlan.TotalBytes / 1e6:0.0} MB");
        Assert.True(upscaler.LastPlan.Strips.Count >= 3);
        Assert.Equal(mebibytes > 0, upscaler.LastPlan.Strips.GoesRight);

        // The field has the same tiles, and all of its Gaussians are drawn at once.
        using var ample = new Upscaler(GsasrModel.Default, device, options with { MemoryLimitBytes = 0 });
        using GaussianField field = ample.BuildField(pixels, width, height, PixelLayout.Rgb, 2.3, cancellation: Cancellation);
        Assert.Equal(upscaler.LastPlan.Tiles, ample.LastPlan!.Tiles);
        Assert.Equal(1, ample.LastPlan.Strips.Count);
        var expected = new ushort[actual.Length];
        field.Render(expected, Cancellation);
        int largest = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        output.WriteLine($"largest difference {largest} of 65535");
        Assert.InRange(largest, 0, 2);
    }

    [Fact]
    public void A_very_wide_image_is_cut_into_columns_and_a_very_high_one_into_rows()
    {
        GsasrArchitecture architecture = GsasrModel.Default.Architecture;
        using var device = new CpuDevice(2);
        foreach ((int width, int height) in new[] { (350_000, 36), (36, 350_000) })
        {
            ImageGeometry geometry = ImageGeometry.Padded(width, height, 1, architecture.SizeMultiple, asPublished: false);
            MemoryPlan plan = MemoryPlan.Create(geometry, architecture, device, new UpscalerOptions(), new DrawnFormat(1, 1, 0), 256 * Mebibyte);
            Assert.True(plan.TotalBytes <= 256 * Mebibyte, $"{plan.TotalBytes} bytes");
            Assert.Equal(width > height, plan.Strips.GoesRight);
            Assert.Equal(geometry.PaddedPixels, TilesOf(plan).Sum(tile => (long)tile.Interior.Width * tile.Interior.Height));
            int place = 0;
            for (int i = 0; i < plan.Strips.Count; i++)
            {
                PixelRectangle drawn = plan.Strips.OutputOf(plan.Strips.StripAt(i));
                Assert.Equal((place, 36), width > height ? (drawn.Left, drawn.Height) : (drawn.Top, drawn.Width));
                place += width > height ? drawn.Width : drawn.Height;
            }

            Assert.Equal(350_000, place);
        }
    }

    [Fact]
    public void A_wide_image_is_upscaled_in_little_memory()
    {
        GsasrModel model = SmallModels.Open(SmallModels.Edsr);
        using var device = new CpuDevice(2, 24 * Mebibyte);
        using var upscaler = new Upscaler(model, device);
        const int Width = 15_000;
        byte[] pixels = [.. Enumerable.Range(0, Width * 36 * 3).Select(i => (byte)(i * 31 % 251))];
        var target = new byte[pixels.Length];
        upscaler.Upscale(pixels, Width, 36, PixelLayout.Rgb, 1, target, cancellation: Cancellation);
        Assert.True(upscaler.LastPlan!.Strips.Count > 10);
        Assert.InRange(device.AllocatedBytes, 1, 24 * Mebibyte);
    }

    [Fact]
    public void Every_place_of_a_strip_plan_holds_each_Gaussian_once()
    {
        foreach (int length in (int[])[36, 48, 60, 144])
        {
            foreach (int height in (int[])[150, 180, 204, 72])
            {
                var plan = new StripPlan(ImageGeometry.Padded(24, height, 2, 12, asPublished: true), length, GoesRight: false);
                var memory = new int[plan.FieldPixels];
                for (int i = 0; i < plan.Count; i++)
                {
                    Strip strip = plan.StripAt(i);
                    StripMemory place = plan.MemoryOf(strip);
                    PixelRectangle pixels = plan.PixelsOf(strip);
                    Write(plan.BodyOf(strip, pixels), place.Body);
                    Write(plan.KeptOf(strip, pixels), place.Kept);

                    // Side by side lie the strip's own rows and those that were kept, once each.
                    int first = i == 0 ? 0 : strip.Start - StripPlan.KeptLength;
                    Assert.Equal(
                        Enumerable.Range(first * 24, (strip.End - first) * 24), memory[(int)place.Start..(int)place.End].Order());
                }

                void Write(PixelRectangle pixels, long place)
                {
                    for (int pixel = 0; pixel < pixels.Width * pixels.Height; pixel++)
                        memory[place + pixel] = (pixels.Top + pixel / 24) * 24 + pixel % 24;
                }
            }
        }
    }

    [Fact]
    public void An_image_that_runs_out_of_memory_starts_again_in_smaller_parts_and_the_next_one_as_usual()
    {
        const int Size = 144;
        Picture picture = Picture.Photo(0, 0, Size, Size);
        var options = new UpscalerOptions { TileOverlap = 12 };
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(GsasrModel.Default, device, options);
        ushort[] expected = Upscale(upscaler, null);
        MemoryPlan usual = upscaler.LastPlan!;
        Assert.Equal(1, usual.Strips.Count);

        using var progress = new RunsOut(device) { At = 0.3 };
        ushort[] actual = Upscale(upscaler, progress);
        Assert.True(progress.RanOut);
        MemoryPlan reduced = upscaler.LastPlan!;
        output.WriteLine($"{usual.TotalBytes} bytes and {usual.Tiles}, then {reduced.TotalBytes} and {reduced.Tiles}");
        Assert.True(reduced.TotalBytes < usual.TotalBytes);
        Assert.True(reduced.TileCount > usual.TileCount);
        using var same = new Upscaler(
            GsasrModel.Default, device, options with { MaximumTilePixels = (long)(reduced.Tiles.Width + 24) * (reduced.Tiles.Height + 24) });
        Assert.Equal(Upscale(same, null), actual);
        Assert.NotEqual(expected, actual);
        Assert.Equal(expected, Upscale(upscaler, null));

        // Of 16 bits, because other tiles change little.
        ushort[] Upscale(Upscaler upscaler, IProgress<double>? progress)
        {
            var pixels = new ushort[picture.Pixels.Length];
            upscaler.Upscale([.. picture.Pixels.Select(value => (ushort)(257 * value))], Size, Size, PixelLayout.Rgb, 1, pixels, progress, Cancellation);
            return pixels;
        }
    }

    [Fact]
    public void Too_little_memory_for_a_useful_tile_is_said_in_a_sentence()
    {
        using var device = new CpuDevice(1, 24 * Mebibyte);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        DeviceMemoryException error = Assert.Throws<DeviceMemoryException>(
            () => upscaler.Upscale(new byte[300 * 300 * 3], 300, 300, PixelLayout.Rgb, 2, new byte[600 * 600 * 3], cancellation: Cancellation));
        output.WriteLine(error.Message);
        Assert.Contains("300 x 300 pixels", error.Message, StringComparison.Ordinal);
        Assert.Contains("MiB", error.Message, StringComparison.Ordinal);
    }

    private static byte[] UpscaleUnlimited()
    {
        Picture picture = LimitedPicture;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var pixels = new byte[LimitedScale * LimitedScale * picture.Pixels.Length];
        upscaler.Upscale(picture.Pixels, LimitedSize, LimitedSize, PixelLayout.Rgb, LimitedScale, pixels, cancellation: Cancellation);
        Assert.Equal(1, upscaler.LastPlan!.TileCount);
        return pixels;
    }

    // Upscales a part of the photograph, and says what operations keep of the device's memory.
    private (long Taken, MemoryPlan Plan) Take(Upscaler upscaler, CpuDevice device, int size)
    {
        long weights = device.AllocatedBytes;
        byte[] pixels = Picture.Photo(0, 0, size, size).Pixels;
        upscaler.Upscale(pixels, size, size, PixelLayout.Rgb, 1, new byte[pixels.Length], cancellation: Cancellation);
        MemoryPlan plan = upscaler.LastPlan!;

        // Beside the working memory: the Gaussians, the pixels of a band, and the number of values that are not numbers.
        long taken = device.AllocatedBytes - weights - plan.WorkingBytes - plan.FieldBytes - plan.PixelBytes - sizeof(int);
        output.WriteLine($"operations of {device.Threads} threads planned {plan.OperationBytes}, taken {taken}");
        return (taken, plan);
    }

    // A part of the photograph; a wide one is repeated.
    private static Picture Photo(int width, int height)
    {
        Picture part = Picture.Photo(0, 0, Math.Min(width, 120), height);
        return width <= 120 ? part : part.Repeated(width, height);
    }

    private static IEnumerable<Tile> TilesOf(MemoryPlan plan)
    {
        for (int i = 0; i < plan.Strips.Count; i++)
        {
            PixelRectangle strip = plan.Strips.PixelsOf(plan.Strips.StripAt(i));
            for (int tile = 0; tile < plan.Tiles.CountOf(strip); tile++)
                yield return plan.Tiles.TileAt(plan.Geometry, strip, tile);
        }
    }

    private static double Psnr(byte[] expected, byte[] actual) =>
        -10 * Math.Log10(expected.Zip(actual, (e, a) => Math.Pow((e - a) / 255.0, 2)).Average() + 1e-20);
}
