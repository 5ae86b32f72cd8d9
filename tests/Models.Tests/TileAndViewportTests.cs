using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>Images in tiles, and parts of fields.</summary>
public sealed class TileAndViewportTests(ITestOutputHelper output)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Tiles_change_no_value_by_half_a_level()
    {
        const int Size = 96;
        Picture picture = Picture.Photo(24, 24, Size, Size);
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        using var tiled = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MaximumTilePixels = 72 * 72, TileOverlap = 24 });
        float[] expected = Draw(upscaler, picture);
        float[] actual = Draw(tiled, picture);
        Assert.True(tiled.PeakWorkingBytes < 0.8 * upscaler.PeakWorkingBytes, "The image was not cut into tiles.");

        double[] errors = [.. expected.Zip(actual, (e, a) => Math.Abs(e - (double)a))];
        double psnr = -10 * Math.Log10(errors.Average(error => error * error));
        output.WriteLine($"PSNR {psnr:0.0} dB, largest error {errors.Max():e2}");
        Assert.True(psnr > 85, $"PSNR is {psnr:0.0} dB; 85 dB is required.");

        // At the borders of tiles too, nothing is to be seen of them.
        Assert.InRange(errors.Max(), 0, 0.5 / 255);
    }

    [Theory]
    [InlineData(0, 0, 3, 90, 60)]
    [InlineData(7, 5, 3, 31, 22)]
    [InlineData(10, 4, 2.5, 17, 40)]
    public void A_part_of_a_field_is_that_part_of_the_whole(int left, int top, double magnification, int width, int height)
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        // Both sides are multiples of the padding, so that every magnification has a canvas of its own.
        Picture picture = Picture.Photo(50, 50, 36, 24);
        using GaussianField field = upscaler.BuildField(
            picture.Pixels, 36, 24, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken);
        (int wholeWidth, int wholeHeight) = Upscaler.OutputSize(36, 24, magnification);
        var whole = new byte[wholeWidth * wholeHeight * 3];
        field.Render(0, 0, magnification, wholeWidth, wholeHeight, whole, cancellation: Cancellation);
        var part = new byte[width * height * 3];
        field.Render(left, top, magnification, width, height, part, cancellation: Cancellation);
        int firstColumn = (int)(left * magnification);
        int firstRow = (int)(top * magnification);
        int rows = Math.Min(height, wholeHeight - firstRow);
        int columns = Math.Min(width, wholeWidth - firstColumn);
        Assert.True(rows > 0 && columns > 0);
        for (int row = 0; row < rows; row++)
        {
            Assert.Equal(
                whole.AsSpan(((firstRow + row) * wholeWidth + firstColumn) * 3, columns * 3),
                part.AsSpan(row * width * 3, columns * 3));
        }
    }

    [Theory]
    [InlineData(48, 0)]
    [InlineData(48, 72 * 72)]
    [InlineData(20, 0)]
    [InlineData(20, 36 * 96)]
    public void A_part_of_a_picture_is_drawn_as_in_the_whole(int height, long tilePixels)
    {
        Picture picture = Picture.Photo(0, 90, 144, height);
        int wholeHeight = height * 5 / 2;
        var kept = new PixelRectangle(Left: 257, Top: 11, Width: 60, Height: wholeHeight * 3 / 4);
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MaximumTilePixels = tilePixels });
        var whole = new float[360 * wholeHeight * 3];
        float[] floats = [.. picture.Pixels.Select(value => value / 255f)];
        upscaler.Upscale<float>(new(floats, 144, height, PixelLayout.Rgb), new(whole, 360, wholeHeight, PixelLayout.Rgb), cancellation: Cancellation);
        long wholePixels = upscaler.LastPlan!.SeenPixels;
        var part = new float[kept.Width * kept.Height * 3];
        int rows = 0;
        upscaler.UpscalePart<float>(
            new(floats, 144, height, PixelLayout.Rgb), 360, wholeHeight, kept, PixelLayout.Rgb, Take, progress: null, Cancellation);
        Assert.Equal(kept.Height, rows);
        Assert.InRange(upscaler.LastPlan!.SeenPixels, 1, wholePixels * 3 / 4);
        double largest = 0, squares = 0;
        for (int i = 0; i < part.Length; i++)
        {
            int y = i / (kept.Width * 3), x = i % (kept.Width * 3);
            double error = Math.Abs(part[i] - (double)whole[((kept.Top + y) * 360 + kept.Left) * 3 + x]);
            (largest, squares) = (Math.Max(largest, error), squares + error * error);
        }

        double psnr = -10 * Math.Log10(squares / part.Length);
        output.WriteLine($"PSNR {psnr:0.0} dB, largest error {largest:e2}");
        Assert.True(psnr > 70, $"PSNR is {psnr:0.0} dB; 70 dB is required.");
        Assert.InRange(largest, 0, 0.5 / 255);

        void Take(int top, ReadOnlyPixelSpan<float> band)
        {
            Assert.Equal((rows, kept.Width), (top, band.Width));
            for (int y = 0; y < band.Height; y++)
                band.Row(y).CopyTo(part.AsSpan((top + y) * kept.Width * 3));
            rows += band.Height;
        }
    }

    [Fact]
    public void A_field_drawn_at_its_own_scale_is_the_upscaled_image()
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        Picture picture = Picture.Photo(50, 50, 36, 24);
        var image = new byte[108 * 72 * 3];
        upscaler.Upscale(picture.Pixels, 36, 24, PixelLayout.Rgb, 3, image, cancellation: Cancellation);
        using GaussianField field = upscaler.BuildField(
            picture.Pixels, 36, 24, PixelLayout.Rgb, 3, cancellation: TestContext.Current.CancellationToken);
        var drawn = new byte[image.Length];
        field.Render(drawn.AsSpan(), cancellation: Cancellation);
        Assert.Equal(image, drawn);
        field.Render(0, 0, 3, 108, 72, drawn, cancellation: Cancellation);
        Assert.Equal(image, drawn);
        Assert.Equal(36 * 36 * 16, field.Count); // 24 rows are continued to 36
        Assert.Throws<ArgumentException>(() => field.Render(new byte[5], cancellation: Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => field.Render(0, 0, 300, 10, 10, new byte[300], cancellation: Cancellation));
    }

    private static float[] Draw(Upscaler upscaler, Picture picture)
    {
        using GaussianField field = upscaler.BuildField(
            picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken);
        var image = new float[4 * picture.Pixels.Length];
        field.RenderSums(image);
        return image;
    }
}
