using System.Diagnostics;
using Gsasr.Pipeline;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Work that is stopped while it draws.</summary>
public sealed class CancellationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.98)]
    public void Drawing_a_large_output_stops_between_bands(double share)
    {
        // Bands of a megapixel each.
        const int Size = 64;
        const int Output = 64 * Size;
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        var target = new byte[Output * Output * 3];
        using var cancellation = new CancellationTokenSource();
        var progress = new StopsAt(share, cancellation);
        Assert.ThrowsAny<OperationCanceledException>(
            () => upscaler.Upscale(pixels, Size, Size, PixelLayout.Rgb, 64, target, progress, cancellation.Token));
        TimeSpan late = Stopwatch.GetElapsedTime(progress.StoppedAt);
        output.WriteLine($"stopped {late.TotalMilliseconds:0} ms after it was asked to; last report {progress.Last}");
        Assert.InRange(progress.Last, share, share + 0.02);
        if (share < 0.9)
            Assert.All(target.AsSpan(^(Output * 3)..).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Drawing_a_field_reports_and_stops()
    {
        const int Size = 48;
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        using GaussianField field = upscaler.BuildField(
            Picture.Photo(0, 0, Size, Size).Pixels, Size, Size, PixelLayout.Rgb, 4, cancellation: TestContext.Current.CancellationToken);
        var view = FieldView.At(0, 0, Size, Size, 64);
        var target = new byte[view.OutputWidth * view.OutputHeight * 3];
        using var cancellation = new CancellationTokenSource();
        var progress = new StopsAt(0.4, cancellation);
        Assert.ThrowsAny<OperationCanceledException>(() => field.Render(view, PixelLayout.Rgb, target, progress, cancellation.Token));
        Assert.InRange(progress.Last, 0.4, 0.6);
        Assert.ThrowsAny<OperationCanceledException>(() => field.Render(view, PixelLayout.Rgb, target, cancellation: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_field_is_not_made_when_the_caller_asks_to_stop_during_the_last_wait()
    {
        const int Size = 48;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        Build(CancellationToken.None).Dispose();
        long before = device.AllocatedBytes;
        int calls = 0;
        device.BeforeCall = () => calls++;
        Build(CancellationToken.None).Dispose();

        // The last call of the device is the wait for all that was started.
        using var cancellation = new CancellationTokenSource();
        int left = calls;
        device.BeforeCall = () =>
        {
            if (--left == 0)
                cancellation.Cancel();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => Build(cancellation.Token));
        Assert.Equal(0, left);
        Assert.Equal(before, device.AllocatedBytes);

        GaussianField Build(CancellationToken token) => upscaler.BuildField(pixels, Size, Size, PixelLayout.Rgb, 2, cancellation: token);
    }

    [Fact]
    public void A_field_whose_last_report_fails_leaves_nothing_on_the_device()
    {
        const int Size = 48;
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, Size, Size).Pixels;
        upscaler.BuildField(pixels, Size, Size, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken).Dispose();
        long before = device.AllocatedBytes;
        Assert.Throws<IOException>(() => upscaler.BuildField(
            pixels, Size, Size, PixelLayout.Rgb, 2, new FailsAtTheEnd(), TestContext.Current.CancellationToken));
        Assert.Equal(before, device.AllocatedBytes);
    }

    private sealed class FailsAtTheEnd : IProgress<double>
    {
        public void Report(double value)
        {
            if (value == 1)
                throw new IOException("The end cannot be told.");
        }
    }

    private sealed class StopsAt(double share, CancellationTokenSource cancellation) : IProgress<double>
    {
        public double Last { get; private set; }

        public long StoppedAt { get; private set; }

        public void Report(double value)
        {
            Last = value;
            if (value < share || StoppedAt != 0)
                return;
            StoppedAt = Stopwatch.GetTimestamp();
            cancellation.Cancel();
        }
    }
}
