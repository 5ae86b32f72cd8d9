using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>Pictures are as bright as they were, at every scale and size; with the network's own pixels except where a test is about the rule of even areas.</summary>
public sealed class LevelTests(ITestOutputHelper output) : IDisposable
{
    private static readonly UpscalerOptions s_own = new() { KeepEvenAreas = false };

    private static readonly (int Width, int Height)[] s_small =
    [
        (1, 1), (4, 4), (9, 9), (24, 24), (1, 24), (2, 13), (9, 4), (48, 5), (4, 36),
    ];

    private readonly CpuDevice _device = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(36, 36, 1.3)]
    [InlineData(36, 25, 1.05)]
    [InlineData(37, 29, 1.55)]
    [InlineData(24, 48, 2.7)]
    [InlineData(41, 26, 3.3)]
    [InlineData(25, 31, 7.85)]
    [InlineData(24, 26, 11.95)]
    public void A_photograph_keeps_its_mean_where_its_size_is_rounded(int width, int height, double scale)
    {
        Picture picture = Picture.Photo(40, 30, width, height);
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        double[] change = Change(upscaler, picture, scale);
        output.WriteLine($"{change[0]:0.00} {change[1]:0.00} {change[2]:0.00}");
        Assert.All(change, value => Assert.InRange(value, -1, 1));
    }

    [Fact]
    public void The_published_geometry_brightens_it()
    {
        using var upscaler = new Upscaler(GsasrModel.Default, _device, UpscalerOptions.AsPublished);
        Picture grey = Even(36, 36, 180);
        Assert.All(Change(upscaler, grey, 1.3), value => Assert.InRange(value, 4, 8));
    }

    [Theory]
    [InlineData(25, 26, 9)]
    [InlineData(24, 36, 20)]
    public void An_even_grey_keeps_its_level_at_every_scale(int width, int height, int steps)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        Picture grey = Even(width, height, 128);
        for (int step = 0; step <= 220; step += steps)
            Assert.All(Change(upscaler, grey, 1 + 0.05 * step), value => Assert.InRange(value, -0.5, 0.5));
    }

    // Sizes are rounded in another way at every scale, and drawing alone shows what comes of it: the network is told every fifth scale.
    [Fact]
    public void An_even_grey_keeps_its_level_at_every_size()
    {
        const int Width = 25;
        const int Height = 26;
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        Picture grey = Even(Width, Height, 128);
        for (int step = 0; step <= 220; step += 5)
        {
            using GaussianField field = upscaler.BuildField(grey.Pixels, Width, Height, PixelLayout.Rgb, 1 + 0.05 * step, cancellation: Cancellation);
            for (int drawn = step; drawn < Math.Min(step + 5, 221); drawn++)
            {
                (int width, int height) = Upscaler.OutputSize(Width, Height, 1 + 0.05 * drawn);
                var pixels = new byte[width * height * 3];
                field.Render<byte>(new FieldView(0, 0, Width, Height, width, height), new(pixels, width, height, PixelLayout.Rgb), cancellation: Cancellation);
                Assert.All(Enumerable.Range(0, 3), channel => Assert.InRange(Mean(pixels, channel), 127.5, 128.5));
            }
        }
    }

    [Theory]
    [InlineData(24, 36, 0, 0, 0)]
    [InlineData(25, 31, 235, 235, 235)]
    [InlineData(7, 5, 200, 30, 90)]
    [InlineData(1, 1, 20, 160, 60)]
    public void An_even_picture_is_exact_at_every_scale(int width, int height, byte red, byte green, byte blue)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (i % 3) switch { 0 => red, 1 => green, _ => blue };
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        for (int step = 0; step <= 220; step += 27)
        {
            double scale = 1 + 0.05 * step;
            (int drawnWidth, int drawnHeight) = Upscaler.OutputSize(width, height, scale);
            var drawn = new byte[drawnWidth * drawnHeight * 3];
            upscaler.Upscale(pixels, width, height, PixelLayout.Rgb, scale, drawn, cancellation: Cancellation);
            for (int i = 0; i < drawn.Length; i++)
                Assert.Equal(pixels[i % 3], drawn[i]);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(9, 9)]
    [InlineData(12, 12)]
    [InlineData(12, 48)]
    [InlineData(13, 7)]
    public void The_box_does_not_darken_small_images(int width, int height)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        foreach (byte level in (byte[])[255, 128, 40])
        {
            double[] change = Change(upscaler, Even(width, height, level), 2.7);
            output.WriteLine($"{level}: {change[0]:0.00} {change[1]:0.00} {change[2]:0.00}");
            Assert.All(change, value => Assert.InRange(value, -1, 1));
        }

        // As the published code has it, it does.
        if (width > 9)
            return;
        using var published = new Upscaler(GsasrModel.Default, _device, UpscalerOptions.AsPublished);
        Assert.All(Change(published, Even(width, height, 255), 2), value => Assert.InRange(value, -200, -20));
    }

    // What the network says of a few pixels is its own, but what stands around them is ours. In the middle of more of its reflections, at
    // the same place of the network's windows, a picture is as bright. At the top left corner of 36 pixels icons moved by up to 3.4 levels
    // and noise by 10.
    [Theory]
    [InlineData("icon")]
    [InlineData("gradient")]
    [InlineData("photograph")]
    [InlineData("noise")]
    public void What_is_padded_does_not_change_the_mean_of_a_small_picture(string kind)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        double worst = 0;
        foreach ((int width, int height) in s_small)
        {
            Picture picture = Small(kind, width, height);
            int left = More(width), top = More(height);
            double[] own = Means(upscaler, picture, 0, 0, width, height);
            double[] among = Means(upscaler, Reflected(picture, left, top), left, top, width, height);
            double change = own.Zip(among, (a, b) => Math.Abs(a - b)).Max();
            worst = Math.Max(worst, change);
            Assert.True(change <= 0.5, $"{width} x {height} pixels move by {change:0.00} levels.");
        }

        output.WriteLine($"{kind}: {worst:0.00}");

        // So many more pixels are put before a side of a few. One that is not padded stays as it is.
        static int More(int side) => side < 36 ? (60 - side) / 2 : 0;
    }

    // The network is not exact, and least so about a few pixels. The allowances are a little more than was measured, and what the network
    // says: padding to 60 pixels instead of 36 changes it by 0.1. Of 1 x 1 pixels and 4 x 4 it says 2.00 and 1.50. At the top left corner
    // of 36 pixels they moved by 1.6 and 0.9, because that padding happened to pull the other way.
    [Theory]
    [InlineData(1, 1, 2.1)]
    [InlineData(2, 3, 1.4)]
    [InlineData(4, 4, 1.6)]
    [InlineData(9, 9, 1.2)]
    [InlineData(13, 9, 0.9)]
    [InlineData(16, 16, 0.6)]
    [InlineData(24, 24, 0.6)]
    [InlineData(48, 5, 0.8)]
    public void A_small_photograph_keeps_its_mean(int width, int height, double allowance)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, _device, s_own);
        var changes = new List<double>();
        for (int part = 0; part < 6; part++)
            changes.AddRange(Change(upscaler, Picture.Photo(7 + 29 * (part % 3), 5 + 62 * (part / 3), width, height), 4));
        output.WriteLine($"worst {changes.Max(Math.Abs):0.00}, mean {changes.Average(Math.Abs):0.00}");
        Assert.All(changes, value => Assert.InRange(value, -allowance, allowance));
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    private static Picture Even(int width, int height, byte level)
    {
        var pixels = new byte[width * height * 3];
        Array.Fill(pixels, level);
        return new Picture(pixels, width, height);
    }

    private static Picture Small(string kind, int width, int height)
    {
        if (kind == "photograph")
            return Picture.Photo(36, 67, width, height);
        var random = new Random(49 * height + width);
        var colours = new byte[9];
        random.NextBytes(colours);
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 3 % width, y = i / 3 / width, c = i % 3;
            bool isFrame = x == 0 || y == 0 || x == width - 1 || y == height - 1;
            bool isMark = Math.Abs(2 * x - width) < width / 2 && Math.Abs(2 * y - height) < height / 2;
            pixels[i] = kind switch
            {
                "icon" => colours[c + (isFrame ? 0 : isMark ? 3 : 6)],
                "gradient" => (byte)(colours[c] + (colours[3 + c] - colours[c]) * (x + 0.5) / width / 2 + (colours[6 + c] - colours[c]) * (y + 0.5) / height / 2),
                _ => (byte)random.Next(256),
            };
        }

        return new Picture(pixels, width, height);
    }

    // With so many columns before it and as many or one more behind, and rows likewise, as between mirrors at its edges.
    private static Picture Reflected(Picture picture, int left, int top)
    {
        int width = left == 0 ? picture.Width : 60, height = top == 0 ? picture.Height : 60;
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = Mirrored(i / 3 % width - left, picture.Width), y = Mirrored(i / 3 / width - top, picture.Height);
            pixels[i] = picture.Pixels[(y * picture.Width + x) * 3 + i % 3];
        }

        return new Picture(pixels, width, height);

        static int Mirrored(int place, int size)
        {
            int inTwo = (place % (2 * size) + 2 * size) % (2 * size);
            return Math.Min(inTwo, 2 * size - 1 - inTwo);
        }
    }

    // Of each channel of a part of a picture at x4, not rounded.
    private static double[] Means(Upscaler upscaler, Picture picture, int left, int top, int width, int height)
    {
        using GaussianField field = upscaler.BuildField(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, 4, cancellation: Cancellation);
        var sums = new float[16 * picture.Pixels.Length];
        field.RenderSums(sums);
        var means = new double[3];
        for (int y = 4 * top; y < 4 * (top + height); y++)
        {
            for (int x = 4 * left; x < 4 * (left + width); x++)
            {
                for (int c = 0; c < 3; c++)
                    means[c] += sums[(y * 4 * picture.Width + x) * 3 + c] * 255.0 / (16 * width * height);
            }
        }

        return means;
    }

    // What each channel's mean gains.
    private static double[] Change(Upscaler upscaler, Picture picture, double scale)
    {
        (int width, int height) = Upscaler.OutputSize(picture.Width, picture.Height, scale);
        var drawn = new byte[width * height * 3];
        upscaler.Upscale(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, scale, drawn, cancellation: Cancellation);
        return [.. Enumerable.Range(0, 3).Select(channel => Mean(drawn, channel) - Mean(picture.Pixels, channel))];
    }

    private static double Mean(byte[] pixels, int channel) => pixels.Where((_, i) => i % 3 == channel).Average(value => value);
}
