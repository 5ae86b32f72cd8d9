using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>What the first image on a GPU needs is compiled before it, side by side, and changes nothing in it.</summary>
public sealed class FirstImageTests
{
    private const int Size = 30;

    public static TheoryData<int> Models => [.. Enumerable.Range(0, SmallModels.Architectures.Count)];

    [Theory, MemberData(nameof(Models))]
    public void Kernels_are_ready_before_the_image_begins(int model)
    {
        TestDevices.Get("opencl");
        using var gpu = (GpuDevice)DeviceCatalog.Open("opencl");
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Architectures[model]), gpu);
        int atFirst = 0;
        byte[] first = Draw(upscaler, new Reports(() => atFirst = atFirst > 0 ? atFirst : gpu.KernelsLoaded.Count));
        (int count, TimeSpan time) = gpu.KernelsLoaded;
        Assert.InRange(count, 10, 40);
        Assert.True(time > TimeSpan.Zero);
        Assert.Equal(count, atFirst);
        Assert.Equal(first, Draw(upscaler, progress: null));
        Assert.Equal(count, gpu.KernelsLoaded.Count);
    }

    [Fact]
    public void Who_looks_at_the_networks_sees_the_image_alone()
    {
        TestDevices.Get("opencl");
        using var gpu = (GpuDevice)DeviceCatalog.Open("opencl");
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), gpu);
        var seen = new List<string>();
        upscaler.Tap = (name, _) => seen.Add(name);
        Draw(upscaler, progress: null);
        Assert.Single(seen, name => name == "features");
    }

    private static byte[] Draw(Upscaler upscaler, IProgress<double>? progress)
    {
        var target = new byte[4 * Size * Size * 3];
        upscaler.Upscale(Picture.Photo(0, 0, Size, Size).Pixels, Size, Size, PixelLayout.Rgb, 2, target, progress, TestContext.Current.CancellationToken);
        return target;
    }

    private sealed class Reports(Action report) : IProgress<double>
    {
        public void Report(double value) => report();
    }
}
