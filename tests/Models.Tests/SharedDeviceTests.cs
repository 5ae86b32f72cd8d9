using System.Collections.Concurrent;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>A device and a model are shared by upscalers of several threads, and each image comes out as it does alone.</summary>
public sealed class SharedDeviceTests
{
    private const int Scale = 2;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Upscalers_of_several_threads_make_the_images_of_one(int threads)
    {
        (int Width, int Height)[] sizes = [(24, 24), (36, 12), (12, 48), (30, 25)];
        using var device = new CpuDevice(threads);
        byte[][] expected = [.. sizes.Select(size => Enlarge(device, size.Width, size.Height))];
        var wrong = new ConcurrentQueue<int>();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, index =>
        {
            int variant = index % sizes.Length;
            byte[] output = Enlarge(device, sizes[variant].Width, sizes[variant].Height);
            if (!output.AsSpan().SequenceEqual(expected[variant]))
                wrong.Enqueue(index);
        });
        Assert.Empty(wrong);
    }

    [Fact]
    public void An_upscaler_of_a_device_that_was_disposed_of_is_refused()
    {
        var device = new CpuDevice(1);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        device.Dispose();
        Assert.Contains(
            device.Name,
            Assert.Throws<ObjectDisposedException>(() => Enlarge(upscaler, 12, 12)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => new Upscaler(GsasrModel.Default, device));
    }

    private static byte[] Enlarge(Device device, int width, int height)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        return Enlarge(upscaler, width, height);
    }

    private static byte[] Enlarge(Upscaler upscaler, int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(width).NextBytes(pixels);
        var output = new byte[Scale * width * Scale * height * 3];
        upscaler.Upscale(pixels, width, height, PixelLayout.Rgb, Scale, output, cancellation: TestContext.Current.CancellationToken);
        return output;
    }
}
