using Gsasr.Imaging;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>What a model says is what the command writes.</summary>
public sealed class PublishedResultTests(ITestOutputHelper output)
{
    // Rounding to 8 bits alone leaves 58.9 dB.
    private const double RequiredPsnr = 58;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("edsr", "2")]
    [InlineData("edsr", "3.3")]
    [InlineData("rdn-paper", "4")]
    public async Task A_seeded_models_picture_is_the_published_codes(string model, string scale)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, model);
        using Golden golden = Golden.Open(model);
        int[] shape = golden.Shape("input");
        ImageFile.Write(folder.File("in.png"), new Image(shape[1], shape[0], ChannelLayout.Rgb, golden.Bytes("input")));
        Image result = await CommandLine.UpscaledAsync(
            folder.File("in.png"), folder.File("out.png"), scale, "--model", path, "--as-published");
        AssertIsRounded(golden.Floats($"image.x{scale}"), result.Samples8);
    }

    [Fact]
    public async Task A_seeded_models_picture_of_any_size_is_the_published_codes_as_it_is()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, "edsr");
        const int Width = 31;
        const int Height = 27;
        Image photo = ImageFile.Read(TestData.PhotoFile("coffee.png"));
        byte[] whole = photo.Samples8;

        // A part of a photograph, and the same continued to multiples of 12 as in a mirror, which is not cut off by anything.
        var part = new byte[Width * Height * 3];
        var mirrored = new byte[36 * 36 * 3];
        for (int y = 0; y < 36; y++)
        {
            for (int x = 0; x < 36; x++)
            {
                int sourceX = x < Width ? x : 2 * (Width - 1) - x;
                int sourceY = y < Height ? y : 2 * (Height - 1) - y;
                whole.AsSpan((sourceY * photo.Width + sourceX) * 3, 3).CopyTo(mirrored.AsSpan((y * 36 + x) * 3));
                if (x < Width && y < Height)
                    whole.AsSpan((y * photo.Width + x) * 3, 3).CopyTo(part.AsSpan((y * Width + x) * 3));
            }
        }

        ImageFile.Write(folder.File("in.png"), new Image(Width, Height, ChannelLayout.Rgb, part));
        Image result = await CommandLine.UpscaledAsync(folder.File("in.png"), folder.File("out.png"), "2", "--model", path);

        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Load(path, Cancellation), device, UpscalerOptions.AsPublished);
        using GaussianField field = upscaler.BuildField<byte>(new(mirrored, 36, 36, PixelLayout.Rgb), 2, cancellation: Cancellation);
        var drawn = new float[72 * 72 * 3];
        field.Render<float>(new(drawn, 72, 72, PixelLayout.Rgb), TestContext.Current.CancellationToken);
        float[] expected = [.. Enumerable.Range(0, 2 * Height).SelectMany(row => drawn[(row * 72 * 3)..((row * 72 + 2 * Width) * 3)])];
        AssertIsRounded(expected, result.Samples8);
    }

    [Theory]
    [InlineData("coffee-67x50-x2.7", "2.7", "--as-published")]
    [InlineData("astronaut-25x90-x1.5", "1.5", "--as-published")]
    [InlineData("astronaut-12x12-x8", "8", "--as-published")]
    [InlineData("chelsea-33x21-x1", "1", "--as-published")]
    [InlineData("chelsea-48x36-x4", "4")]
    public async Task The_default_models_picture_is_the_published_codes(string name, string scale, params string[] options)
    {
        using var folder = new TemporaryFolder();
        using Golden golden = Golden.Open("gsasr-lite");
        int[] shape = golden.Shape($"{name}.input");
        ImageFile.Write(folder.File("in.png"), new Image(shape[1], shape[0], ChannelLayout.Rgb, golden.Bytes($"{name}.input")));
        Image result = await CommandLine.UpscaledAsync(folder.File("in.png"), folder.File("out.png"), scale, options);
        AssertIsRounded(golden.Floats($"{name}.image"), result.Samples8);
    }

    private static string Write(TemporaryFolder folder, string model)
    {
        using (var seeded = SeededCheckpoint.OpenWithAllBuffers(model))
            PyTorchWriter.WriteModel(folder.Path, seeded);
        return folder.Path;
    }

    private void AssertIsRounded(float[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double psnr = -10 * Math.Log10(expected.Zip(actual, (e, a) => Math.Pow(Math.Clamp(e, 0, 1) - a / 255.0, 2)).Average());
        output.WriteLine($"{psnr:0.0} dB");
        Assert.True(psnr >= RequiredPsnr, $"The picture is {psnr:0.0} dB from the published one; {RequiredPsnr} dB are required.");
    }
}
