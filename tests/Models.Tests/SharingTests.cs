using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>What threads can share and what they cannot, and what is said after the end of something.</summary>
public sealed class SharingTests
{
    private const int Size = 24;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upscalers_on_many_threads_share_a_device_and_a_model_and_give_the_bits_of_one()
    {
        GsasrModel model = SmallModels.Open(SmallModels.Edsr);
        using var device = new CpuDevice(2);
        byte[][] images = [.. Enumerable.Range(0, 4).Select(i => Picture.Photo(10 * i, 5 * i, Size, Size).Pixels)];
        byte[][] expected;
        using (var upscaler = new Upscaler(model, device))
            expected = [.. images.Select(image => Upscale(upscaler, image))];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(
            () =>
            {
                using var upscaler = new Upscaler(model, device);
                for (int round = 0; round < 10; round++)
                    Assert.Equal(expected[i], Upscale(upscaler, images[i]));
            },
            Cancellation)));
    }

    [Fact]
    public async Task Upscalers_with_shares_of_little_memory_make_the_tiles_and_bits_of_one_alone()
    {
        const int Share = 20 << 20;
        const int Threads = 2;
        const int Side = 120;
        GsasrModel model = SmallModels.Open(SmallModels.Edsr);
        var options = new UpscalerOptions { MemoryLimitBytes = Share, TileOverlap = 12 };
        byte[] image = Picture.Photo(0, 0, Side, Side).Pixels;
        using var device = new CpuDevice(2, (Threads + 1) * Share);
        byte[] expected;
        MemoryPlan plan;
        using (var upscaler = new Upscaler(model, device, options))
        {
            expected = Enlarge(upscaler);
            plan = upscaler.LastPlan!;
            Assert.InRange(plan.TileCount, 2, 100);
        }

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(
            () =>
            {
                using var upscaler = new Upscaler(model, device, options);
                for (int round = 0; round < 2; round++)
                {
                    Assert.Equal(expected, Enlarge(upscaler));
                    Assert.Equal(plan.Tiles, upscaler.LastPlan!.Tiles);
                }
            },
            Cancellation)));

        byte[] Enlarge(Upscaler upscaler)
        {
            var target = new byte[4 * image.Length];
            upscaler.Upscale(image, Side, Side, PixelLayout.Rgb, 2, target, cancellation: Cancellation);
            return target;
        }
    }

    [Fact]
    public void An_upscaler_that_is_in_use_refuses_a_second_call_on_the_callers_thread_and_finishes_the_first()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        byte[] expected = Upscale(upscaler, pixels);
        var target = new byte[4 * pixels.Length];
        int refused = 0;
        var progress = new Callback(() =>
        {
            // The first call is under way: it is the one that reports.
            Assert.Contains("in use", Assert.Throws<InvalidOperationException>(() => Upscale(upscaler, pixels)).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(
                () => upscaler.BuildField(pixels, Size, Size, PixelLayout.Rgb, 2, cancellation: Cancellation));
            Assert.Throws<InvalidOperationException>(() => upscaler.EstimateMemory<byte>(Size, Size, PixelLayout.Rgb, 2 * Size, 2 * Size));
            Assert.Throws<InvalidOperationException>(upscaler.Dispose);
            refused++;
        });
        upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgb, 2, target, progress, Cancellation);
        Assert.True(refused > 3);
        Assert.Equal(expected, target);
        Assert.Equal(expected, Upscale(upscaler, pixels));
    }

    [Fact]
    public void What_was_disposed_of_is_named()
    {
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        using var device = new CpuDevice(2);
        var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] expected = Upscale(upscaler, pixels);
        GaussianField field = upscaler.BuildField(pixels, Size, Size, PixelLayout.Rgb, 2, cancellation: Cancellation);
        upscaler.Dispose();
        upscaler.Dispose();
        Assert.Equal(nameof(Upscaler), Assert.Throws<ObjectDisposedException>(() => Upscale(upscaler, pixels)).ObjectName);

        // The field has what it needs.
        var drawn = new byte[4 * pixels.Length];
        field.Render(drawn, Cancellation);
        Assert.Equal(expected, drawn);
        field.Dispose();
        field.Dispose();
        Assert.Equal(nameof(GaussianField), Assert.Throws<ObjectDisposedException>(() => field.Render(drawn, Cancellation)).ObjectName);
    }

    [Fact]
    public void Nothing_stays_on_the_device_after_the_end()
    {
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        using var device = new CpuDevice(2);
        using (var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device))
            Upscale(upscaler, pixels);
        long before = device.AllocatedBytes;
        using (var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device))
        {
            using GaussianField field = upscaler.BuildField(pixels, Size, Size, PixelLayout.Rgb, 2, cancellation: Cancellation);
            field.Render(new byte[4 * pixels.Length], Cancellation);
            Assert.True(device.AllocatedBytes > before);
        }

        Assert.Equal(before, device.AllocatedBytes);
    }

    [Fact]
    public void Loading_can_be_cancelled_and_reports()
    {
        using var device = new CpuDevice(2);
        var reports = new List<double>();
        using (new Upscaler(GsasrModel.Default, device, progress: new Listing(reports), cancellation: Cancellation))
        {
            Assert.Equal(reports.Order(), reports);
            Assert.True(reports.Count > 10);
            Assert.Equal(1, reports[^1]);
        }

        long before = device.AllocatedBytes;
        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(
            () => new Upscaler(GsasrModel.Default, device, progress: new Callback(cancellation.Cancel), cancellation: cancellation.Token));
        Assert.Equal(before, device.AllocatedBytes);
        Assert.ThrowsAny<OperationCanceledException>(() => GsasrModel.Load("gsasr-lite", new CancellationToken(canceled: true)));
    }

    private static byte[] Upscale(Upscaler upscaler, byte[] pixels)
    {
        var target = new byte[4 * pixels.Length];
        upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgb, 2, target, cancellation: Cancellation);
        return target;
    }

    private sealed class Callback(Action action) : IProgress<double>
    {
        public void Report(double value) => action();
    }

    private sealed class Listing(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
