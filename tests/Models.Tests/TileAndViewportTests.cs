using Gsasr.Architecture;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>Images in tiles, and parts of fields.</summary>
public sealed class TileAndViewportTests(ITestOutputHelper output)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Tiles_change_an_image_little_and_leave_no_seams()
    {
        const int Size = 96;
        const int Interior = 24;
        const int Scale = 2;
        Picture picture = Picture.Photo(24, 24, Size, Size);
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        using var tiled = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { MaximumTilePixels = 72 * 72, TileOverlap = 24 });
        float[] expected = Draw(upscaler, picture);
        float[] actual = Draw(tiled, picture);
        Assert.True(tiled.PeakWorkingBytes < 0.8 * upscaler.PeakWorkingBytes, "The image was not cut into tiles.");

        double[] errors = [.. expected.Zip(actual, (e, a) => Math.Abs(e - (double)a))];
        double psnr = -10 * Math.Log10(errors.Average(error => error * error));
        ILookup<bool, double> errorsByPlace = errors
            .Index()
            .ToLookup(
                error => IsAtBorder(error.Index / 3 % (Scale * Size)) || IsAtBorder(error.Index / 3 / (Scale * Size)), error => error.Item);
        double atBorders = errorsByPlace[true].Average();
        double elsewhere = errorsByPlace[false].Average();
        output.WriteLine($"PSNR {psnr:0.0} dB, largest error {errors.Max():e2}");
        output.WriteLine($"mean error {atBorders:e2} at borders, {elsewhere:e2} elsewhere");
        Assert.True(psnr > 45, $"PSNR is {psnr:0.0} dB; 45 dB is required.");
        Assert.True(atBorders <= 3 * elsewhere, $"The mean error at borders is {atBorders:e2}, elsewhere {elsewhere:e2}.");

        static bool IsAtBorder(int place) =>
            place % (Scale * Interior) is < 2 or >= Scale * Interior - 2 && place is >= 2 and < Scale * Size - 2;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Strips_of_an_image_join_without_seams(bool smooth)
    {
        const int Width = 48;
        const int Height = 140;
        const int StripRows = 36;
        const int Scale = 2;
        byte[] pixels = smooth ? Gradient(Width, Height) : Picture.Photo(40, 2, Width, Height).Pixels;
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        var expected = new byte[Scale * Scale * pixels.Length];
        upscaler.Upscale(pixels, Width, Height, PixelLayout.Rgb, Scale, expected, cancellation: Cancellation);

        // 36 rows, and the margins of 24 above and below.
        var reports = new List<double>();
        upscaler.FieldPixels = Width * (StripRows + 2 * 24);
        var actual = new byte[expected.Length];
        upscaler.Upscale(pixels, Width, Height, PixelLayout.Rgb, Scale, actual, new Reports(reports), Cancellation);

        Assert.Equal(reports.Order(), reports);
        Assert.Equal(1, reports[^1]);
        double[] errors = [.. expected.Zip(actual, (e, a) => Math.Abs(e - a) / 255.0)];
        double psnr = -10 * Math.Log10(errors.Average(error => error * error));
        ILookup<bool, double> errorsByPlace = errors
            .Index()
            .ToLookup(error => IsAtSeam(error.Index / 3 / (Scale * Width)), error => error.Item);
        output.WriteLine($"PSNR {psnr:0.0} dB; mean error {errorsByPlace[true].Average():e2} at seams, {errorsByPlace[false].Average():e2} elsewhere");
        Assert.True(psnr > 45, $"PSNR is {psnr:0.0} dB; 45 dB is required.");
        Assert.True(errorsByPlace[true].Average() <= 3 * errorsByPlace[false].Average() + 1e-4, "There is a seam.");

        static bool IsAtSeam(int row) => (row + 2) % (Scale * StripRows) < 4 && row is > 2 and < Scale * Height - 2;
    }

    private static byte[] Gradient(int width, int height) =>
        [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(40 + i / 3 / width + i / 3 % width / 2 + 20 * (i % 3)))];

    private sealed class Reports(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }

    [Theory]
    [InlineData("gsasr-lite", 32)]
    [InlineData("edsr", 32)]
    [InlineData("swin-paper", 32)]
    [InlineData("hatl", 32)]
    [InlineData("gsasr-lite", 0)]
    [InlineData("gsasr-lite", 100)]
    public void However_little_memory_there_is_overlap_does_not_outweigh_the_picture(string model, int overlap)
    {
        GsasrArchitecture architecture = GsasrArchitecture.Published[model];
        long pixels = TileMemory.DefaultPixels(architecture, 1 << 20, overlap);
        IReadOnlyList<Tile> tiles = TilePlan.Create(1200, 1200, 0, 1200, architecture.SizeMultiple, overlap, pixels);
        Assert.All(tiles.Where(tile => tile.Interior is { Left: 0, Top: 0 }), tile => Assert.InRange(tile.Interior.Width, 48, 1200));
        int padded = ReflectedImage.PaddedSize(overlap, architecture.SizeMultiple);
        Assert.InRange(pixels, 48 * 48, (48 + 2 * padded) * (48 + 2 * padded));
        // With more memory, more.
        Assert.True(TileMemory.DefaultPixels(architecture, 1L << 40, overlap) > 10 * pixels);
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
        field.Render(0, 0, magnification, wholeWidth, wholeHeight, whole);
        var part = new byte[width * height * 3];
        field.Render(left, top, magnification, width, height, part);
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
        field.Render(drawn.AsSpan());
        Assert.Equal(image, drawn);
        field.Render(0, 0, 3, 108, 72, drawn);
        Assert.Equal(image, drawn);
        Assert.Equal(36 * 24 * 16, field.Count);
        Assert.Throws<ArgumentException>(() => field.Render(new byte[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => field.Render(0, 0, 300, 10, 10, new byte[300]));
    }

    private static float[] Draw(Upscaler upscaler, Picture picture)
    {
        using GaussianField field = upscaler.BuildField(
            picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken);
        var image = new float[4 * picture.Pixels.Length];
        field.Render(image.AsSpan());
        return image;
    }
}
