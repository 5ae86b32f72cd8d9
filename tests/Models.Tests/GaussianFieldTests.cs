using Gsasr.Checkpoints;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Fields that are kept in files and drawn without a model.</summary>
public sealed class GaussianFieldTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(2);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2.7)]
    public void A_loaded_field_is_drawn_as_the_image_is_upscaled(double scale)
    {
        Picture picture = Picture.Photo(40, 40, 31, 22);
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        (int width, int height) = Upscaler.OutputSize(31, 22, scale);
        var expected = new byte[width * height * 3];
        upscaler.Upscale(picture.Pixels, 31, 22, PixelLayout.Rgb, scale, expected, cancellation: TestContext.Current.CancellationToken);
        using (GaussianField field = upscaler.BuildField(picture.Pixels, 31, 22, PixelLayout.Rgb, scale, cancellation: TestContext.Current.CancellationToken))
            field.Save(Path("field"));

        using GaussianField loaded = GaussianField.Load(Path("field"), _device);
        Assert.Equal((31, 22, scale, false, 8), (loaded.Width, loaded.Height, loaded.Scale, loaded.IsGrey, loaded.BitDepth));
        Assert.Equal(GsasrModel.DefaultName, loaded.Source);
        var actual = new byte[width * height * 3];
        loaded.Render(FieldView.At(0, 0, 31, 22, scale), PixelLayout.Rgb, actual, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual);
        loaded.Render(actual, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Even_areas_are_kept_in_the_file()
    {
        // Left half photograph, right half of one colour that a network would not hit exactly.
        Picture picture = Picture.Photo(40, 40, 36, 24);
        byte[] pixels = [.. picture.Pixels];
        for (int i = 0; i < pixels.Length; i++)
        {
            if (i / 3 % 36 >= 18)
                pixels[i] = (byte)(37 + i % 3);
        }

        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        var expected = new byte[72 * 48 * 3];
        upscaler.Upscale(pixels, 36, 24, PixelLayout.Rgb, 2, expected, cancellation: TestContext.Current.CancellationToken);
        using (GaussianField field = upscaler.BuildField(pixels, 36, 24, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken))
            field.Save(Path("even"));
        using GaussianField loaded = GaussianField.Load(Path("even"), _device);
        var actual = new byte[72 * 48 * 3];
        loaded.Render(FieldView.At(0, 0, 36, 24, 2), PixelLayout.Rgb, actual, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual);
        Assert.Equal([37, 38, 39], actual[^3..]);
    }

    [Fact]
    public void Grey_images_of_16_bits_are_drawn_as_they_are_upscaled()
    {
        Picture picture = Picture.Photo(40, 40, 24, 24);
        ushort[] pixels = [.. Enumerable.Range(0, 24 * 24).Select(i => (ushort)(picture.Pixels[i * 3] * 257))];
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        var expected = new ushort[72 * 72];
        upscaler.Upscale(pixels, 24, 24, PixelLayout.Grey, 3, expected, cancellation: TestContext.Current.CancellationToken);
        using (GaussianField field = upscaler.BuildField(pixels, 24, 24, PixelLayout.Grey, 3, cancellation: TestContext.Current.CancellationToken))
            field.Save(Path("grey"));
        using GaussianField loaded = GaussianField.Load(Path("grey"), _device);
        Assert.Equal((true, 16), (loaded.IsGrey, loaded.BitDepth));
        var actual = new ushort[72 * 72];
        loaded.Render(FieldView.At(0, 0, 24, 24, 3), PixelLayout.Grey, actual, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_part_is_that_part_of_the_whole()
    {
        using GaussianField field = Build();
        var whole = new byte[96 * 96 * 3];
        field.Render(FieldView.At(0, 0, 24, 24, 4), PixelLayout.Rgb, whole, cancellation: TestContext.Current.CancellationToken);
        var part = new byte[40 * 20 * 3];
        field.Render(FieldView.At(5, 7, 10, 5, 4), PixelLayout.Rgb, part, cancellation: TestContext.Current.CancellationToken);
        for (int y = 0; y < 20; y++)
            Assert.Equal(whole[(((28 + y) * 96 + 20) * 3)..(((28 + y) * 96 + 60) * 3)], part[(y * 40 * 3)..((y + 1) * 40 * 3)]);
        field.Render(5, 7, 4, 40, 20, part, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(whole[(28 * 96 + 20) * 3], part[0]);
    }

    [Fact]
    public void A_quantised_field_is_smaller_and_close()
    {
        using GaussianField field = Build();
        field.Save(Path("float"));
        field.Save(Path("short"), quantised: true);
        Assert.InRange(new FileInfo(Path("short")).Length, 1, new FileInfo(Path("float")).Length * 0.45);
        using GaussianField loaded = GaussianField.Load(Path("short"), _device);
        var exact = new float[96 * 96 * 3];
        field.RenderSums(exact);
        var close = new float[96 * 96 * 3];
        loaded.RenderSums(close);
        double psnr = -10 * Math.Log10(exact.Zip(close, (x, y) => Math.Pow(x - y, 2)).Average());
        TestContext.Current.TestOutputHelper?.WriteLine($"{psnr:F1} dB");
        Assert.InRange(psnr, 55, 200);
    }

    [Fact]
    public void A_file_that_exists_is_not_replaced_unasked()
    {
        using GaussianField field = Build();
        field.Save(Path("there"));
        Assert.Throws<IOException>(() => field.Save(Path("there")));
        field.Save(Path("there"), overwrite: true);
        Assert.Single(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path("there"))!));
    }

    [Fact]
    public void Views_outside_their_range_are_refused_by_name()
    {
        using GaussianField field = Build();
        var pixels = new byte[3];
        Assert.Throws<ArgumentOutOfRangeException>("Width", () => field.Render(new FieldView(0, 0, 0, 1, 1, 1), PixelLayout.Rgb, pixels, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>("Left", () => field.Render(new FieldView(double.NaN, 0, 1, 1, 1, 1), PixelLayout.Rgb, pixels, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>("OutputHeight", () => field.Render<byte>(new FieldView(0, 0, 1, 1, 1, 0), new(pixels, 1, 1, PixelLayout.Rgb), cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>("magnification", () => field.Render(new FieldView(0, 0, 1, 0.001, 1, 1), PixelLayout.Rgb, pixels, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>("destination", () => field.Render<byte>(new FieldView(0, 0, 1, 1, 2, 1), new(pixels, 1, 1, PixelLayout.Rgb), cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>("magnification", () => FieldView.At(0, 0, 10, 10, 1e9));
        Assert.Throws<ArgumentOutOfRangeException>("magnification", () => FieldView.At(0, 0, 10, 10, 0.01));
    }

    [Fact]
    public void A_model_is_refused() => Assert.Contains(
        "no field of Gaussians",
        Assert.Throws<CheckpointFormatException>(() => GaussianField.Load(TestData.ModelFile("gsasr-lite.safetensors"), _device)).Message,
        StringComparison.Ordinal);

    private string Path(string name) => _folder.File(name + ".safetensors");

    private GaussianField Build()
    {
        // A loaded field needs no upscaler, so it may outlive this one's.
        Picture picture = Picture.Photo(40, 40, 24, 24);
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        using GaussianField field = upscaler.BuildField(picture.Pixels, 24, 24, PixelLayout.Rgb, 4, cancellation: TestContext.Current.CancellationToken);
        field.Save(Path("built"), overwrite: true);
        GaussianField loaded = GaussianField.Load(Path("built"), _device);
        File.Delete(Path("built"));
        return loaded;
    }
}
