using Gsasr.Layers.Tests;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>
/// Frame after frame of one size allocates nothing on the garbage-collected heap. Counted when all other tests are done: what the runtime does
/// for them meanwhile would count too.
/// </summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int Size = 24;
    private const int Frames = 5;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EachDevice]
    public void Frames_allocate_nothing(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        foreach (PixelLayout layout in (PixelLayout[])[PixelLayout.Rgb, PixelLayout.BgraPremultiplied])
        {
            byte[] pixels = Pixels(layout);
            var target = new byte[4 * pixels.Length];
            Check($"{layout}", () => upscaler.Upscale<byte>(
                new(pixels, Size, Size, layout), new(target, 2 * Size, 2 * Size, layout), cancellation: Cancellation));
        }

        float[] floats = [.. Pixels(PixelLayout.Rgb).Select(value => value / 255f)];
        PixelBandReceiver<float> ignore = static (_, _) => { };
        Check("floats in bands", () => upscaler.Upscale(
            new ReadOnlyPixelSpan<float>(floats, Size, Size, PixelLayout.Rgb), 3 * Size, 2 * Size, PixelLayout.Rgba, ignore, cancellation: Cancellation));
    }

    // Of a GPU on which kernels do nothing, with all networks that have layers of their own there.
    [Theory]
    [InlineData("gsasr-lite", Precision.Float32)]
    [InlineData("gsasr-lite", Precision.Mixed)]
    [InlineData("swin-paper", Precision.Mixed)]
    [InlineData("hatl", Precision.Mixed)]
    public void Frames_allocate_nothing_with_the_kernels_of_tensor_cores(string name, Precision precision)
    {
        using var device = new ReplayingGpu();
        GsasrModel model = name == GsasrModel.DefaultName ? GsasrModel.Default : new GsasrModel(() => SeededCheckpoint.Open(name));
        using var upscaler = new Upscaler(model, device, new UpscalerOptions { Precision = precision });
        byte[] pixels = Pixels(PixelLayout.Rgb);
        var target = new byte[4 * pixels.Length];
        Check($"{name}, {precision}", () => upscaler.Upscale<byte>(
            new(pixels, Size, Size, PixelLayout.Rgb), new(target, 2 * Size, 2 * Size, PixelLayout.Rgb), cancellation: Cancellation));
        Assert.Equal(precision, upscaler.Precision);
    }

    [Theory, EachDevice]
    public void A_batch_allocates_nothing_for_an_image(string deviceName)
    {
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), TestDevices.Get(deviceName));
        byte[] pixels = Pixels(PixelLayout.Rgb);
        var target = new byte[4 * pixels.Length];
        var item = new UpscaleItem<byte>(new(pixels, Size, Size, PixelLayout.Rgb), new(target, 2 * Size, 2 * Size, PixelLayout.Rgb));
        Upscaler[] upscalers = [upscaler];
        long[] bytes = [.. new[] { 1, 3 }.Select(count =>
        {
            UpscaleItem<byte>[] items = [.. Enumerable.Repeat(item, count)];
            for (int i = 0; i < Frames; i++)
                Upscaler.UpscaleBatch(upscalers, items, cancellation: Cancellation);
            return Allocations.Least(() => Upscaler.UpscaleBatch(upscalers, items, cancellation: Cancellation));
        })];
        output.WriteLine($"a batch of one: {bytes[0]} bytes; of three: {bytes[1]} bytes");
        Assert.Equal(bytes[0], bytes[1]);
    }

    [Theory, EachDevice]
    public void Frames_in_tiles_allocate_nothing(string deviceName)
    {
        var options = new UpscalerOptions { MaximumTilePixels = 36 * 36, TileOverlap = 1 };
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), TestDevices.Get(deviceName), options);
        var pixels = new byte[48 * 96 * 3];
        var target = new byte[pixels.Length];
        Check("tiles", () => upscaler.Upscale<byte>(new(pixels, 48, 96, PixelLayout.Rgb), new(target, 48, 96, PixelLayout.Rgb), cancellation: Cancellation));
        Assert.True(upscaler.LastPlan!.Strips.Count > 1);
    }

    [Theory, EachDevice]
    public void Drawing_a_field_again_allocates_nothing(string deviceName)
    {
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), TestDevices.Get(deviceName));
        using GaussianField field = upscaler.BuildField(Pixels(PixelLayout.Rgb), Size, Size, PixelLayout.Rgb, 2, cancellation: Cancellation);
        var view = new FieldView(2, 3, 10, 8, 50, 40);
        var target = new ushort[50 * 40 * 4];
        Check("field", () => field.Render<ushort>(view, new(target, 50, 40, PixelLayout.Bgra), cancellation: Cancellation));
    }

    // Half of it even, half of it not, with a transparent corner.
    private static byte[] Pixels(PixelLayout layout)
    {
        int channels = layout.ChannelCount();
        return [.. Enumerable.Range(0, Size * Size * channels).Select(i =>
            i % channels == 3 ? (byte)(i / channels % Size < 6 ? 0 : 200) : (byte)(i / channels < Size * Size / 2 ? 77 : i * 31 % 151))];
    }

    private void Check(string what, Action frame)
    {
        // Buffers grow with the first frames, and the runtime compiles what it finds to be used often.
        for (int i = 0; i < Frames; i++)
            frame();
        long bytes = Allocations.Least(() =>
        {
            for (int i = 0; i < Frames; i++)
                frame();
        });
        output.WriteLine($"{what}: {bytes} bytes in {Frames} frames");
        Assert.Equal(0, bytes);
    }
}
