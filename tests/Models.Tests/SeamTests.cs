using System.Runtime.InteropServices;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Encoders;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>What is upscaled in tiles, or as a seamless texture, is the picture that it is without.</summary>
public sealed class SeamTests(ITestOutputHelper output)
{
    private const double RequiredPsnr = 55;
    private const int LargestDifference = 2;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("photos/astronaut.png")]
    [InlineData("drawings/dither.png")]
    [InlineData("drawings/halftone.png")]
    public void Tiles_show_no_seams(string file)
    {
        // Rows and columns of the smallest tiles, of which the outer ones do not see the whole; and a row of tiles that see as much as they can.
        const int Interior = 24;
        const int Overlap = 36;
        using var device = new CpuDevice();
        foreach ((int width, int height, long maximum, int expected) in new[] { (72, 72, 1L, 9), (144, 36, 36L * (Interior + 2 * Overlap), 6) })
        {
            Picture picture = Part(file, 144).Cut(width, height);
            var options = new UpscalerOptions();
            byte[] whole = Upscale(device, picture, options with { MaximumTilePixels = long.MaxValue }, out int tiles);
            Assert.Equal(1, tiles);
            byte[] tiled = Upscale(device, picture, options with { MaximumTilePixels = maximum }, out tiles);
            Assert.Equal(expected, tiles);
            Assert.InRange(Compare(file, whole, tiled), 0, LargestDifference);

            // Tiles that see nothing around them show seams.
            byte[] apart = Upscale(device, picture, options with { MaximumTilePixels = 1, TileOverlap = 0 }, out tiles);
            Assert.InRange(tiles, expected, 2 * expected);
            double psnr = Psnr(whole, apart);
            output.WriteLine($"{file} in {tiles} tiles without overlap: {psnr:0.0} dB");
            Assert.InRange(psnr, 0, 40);
        }
    }

    [Theory]
    [InlineData("edsr", 144, 36, 24)]
    [InlineData("rdn", 144, 36, 24)]
    [InlineData("swin", 144, 48, 24)]
    [InlineData("hatl", 192, 48, 48)]
    public void Tiles_show_no_seams_with_any_encoder(string encoder, int length, int breadth, int interior)
    {
        GsasrModel model = WithEncoder(encoder);
        using var device = new CpuDevice();
        foreach ((string file, int width, int height) in new[] { ("photos/astronaut.png", length, breadth), ("drawings/halftone.png", breadth, length) })
        {
            Picture picture = Part(file, length).Repeated(width, height);
            byte[] whole = Upscale(device, picture, new UpscalerOptions { MaximumTilePixels = long.MaxValue }, out int tiles, model);
            Assert.Equal(1, tiles);
            int multiple = model.Architecture.SizeMultiple;
            int overlap = (new UpscalerOptions().TileOverlap + multiple - 1) / multiple * multiple;
            byte[] tiled = Upscale(device, picture, new UpscalerOptions { MaximumTilePixels = breadth * (interior + 2 * overlap) }, out tiles, model);
            Assert.Equal(length / interior, tiles);
            Assert.InRange(Compare($"{encoder}, {file}", whole, tiled), 0, LargestDifference);

            // The pictures depend on what the encoder sees around a tile: without it there are seams.
            byte[] apart = Upscale(device, picture, new UpscalerOptions { MaximumTilePixels = breadth * interior, TileOverlap = 0 }, out tiles, model);
            double psnr = Psnr(whole, apart);
            output.WriteLine($"{encoder}, {file} in {tiles} tiles without overlap: {psnr:0.0} dB");
            Assert.InRange(psnr, 0, 40);
        }
    }

    [Theory]
    [InlineData("photos/coffee.png", PixelLayout.Bgra)]
    [InlineData("drawings/halftone.png", PixelLayout.Rgb)]
    public void The_edges_of_a_texture_are_those_between_its_repetitions(string file, PixelLayout layout)
    {
        const int Size = 64;
        const int Near = 8;
        Picture texture = Part(file, Size);
        using var device = new CpuDevice();
        int channels = layout.ChannelCount();
        byte[] wrapped = Upscale(device, InLayout(texture, layout), Size, layout, new UpscalerOptions { Wrap = true });
        foreach (bool wraps in (bool[])[false, true])
        {
            byte[] repeated = Upscale(device, InLayout(texture.Repeated(2 * Size, 2 * Size), layout), 2 * Size, layout, new UpscalerOptions { Wrap = wraps });

            // The cross where the four repetitions meet, as far as it does not feel the edges of all.
            var expected = new List<byte>();
            var actual = new List<byte>();
            for (int y = Size; y < 3 * Size; y++)
            {
                for (int x = Size; x < 3 * Size; x++)
                {
                    if (Math.Min(Math.Abs(x - 2 * Size), Math.Abs(y - 2 * Size)) > 2 * Near)
                        continue;
                    expected.AddRange(repeated.AsSpan((y * 4 * Size + x) * channels, channels));
                    actual.AddRange(wrapped.AsSpan((y % (2 * Size) * 2 * Size + x % (2 * Size)) * channels, channels));
                }
            }

            Compare($"{file}, repetition {(wraps ? "wrapped too" : "as it is")}", CollectionsMarshal.AsSpan(expected), CollectionsMarshal.AsSpan(actual));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 70)]
    [InlineData(130, 9)]
    public void A_texture_of_any_size_wraps(int width, int height)
    {
        // Shifted by half, the same texture gives the same picture, shifted by half, but for what the places of windows change.
        Picture texture = Picture.Photo(0, 0, width, height);
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { Wrap = true });
        var expected = new byte[6 * texture.Pixels.Length];
        upscaler.Upscale<byte>(
            new(texture.Pixels, width, height, PixelLayout.Rgb), new(expected, 2 * width, 3 * height, PixelLayout.Rgb), cancellation: Cancellation);
        var shifted = new byte[texture.Pixels.Length];
        for (int i = 0; i < shifted.Length; i++)
            shifted[i] = texture.Pixels[((i / 3 / width + height / 2) % height * width + (i / 3 % width + width / 2) % width) * 3 + i % 3];
        var actual = new byte[expected.Length];
        int next = 0;
        upscaler.Upscale<byte>(
            new(shifted, width, height, PixelLayout.Rgb),
            2 * width,
            3 * height,
            PixelLayout.Rgb,
            (top, rows) =>
            {
                Assert.Equal(next, top);
                next += rows.Height;
                for (int y = 0; y < rows.Height; y++)
                {
                    for (int x = 0; x < 2 * width; x++)
                        rows.Row(y).Slice(x * 3, 3).CopyTo(actual.AsSpan(((top + y + 3 * (height / 2)) % (3 * height) * 2 * width + (x + 2 * (width / 2)) % (2 * width)) * 3));
                }
            },
            cancellation: Cancellation);
        Assert.Equal(3 * height, next);
        double psnr = Psnr(expected, actual);
        output.WriteLine($"{psnr:0.0} dB");
        Assert.True(psnr >= 35, $"{psnr:0.0} dB; 35 dB are required.");
    }

    [Fact]
    public void A_field_does_not_wrap()
    {
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device, new UpscalerOptions { Wrap = true });
        Assert.Throws<NotSupportedException>(() => upscaler.BuildField(new byte[48], 4, 4, PixelLayout.Rgb, 2, cancellation: Cancellation));
    }

    private static byte[] InLayout(Picture picture, PixelLayout layout)
    {
        if (layout == PixelLayout.Rgb)
            return picture.Pixels;

        // Blue, green, red, and an alpha that wraps as well.
        return [.. Enumerable.Range(0, picture.Width * picture.Height * 4).Select(i => i % 4 == 3
            ? (byte)(128 + 100 * Math.Sin(i / 4 % picture.Width * Math.Tau / 64))
            : picture.Pixels[i / 4 * 3 + 2 - i % 4])];
    }

    private static byte[] Upscale(CpuDevice device, byte[] pixels, int size, PixelLayout layout, UpscalerOptions options)
    {
        using var upscaler = new Upscaler(GsasrModel.Default, device, options);
        var upscaled = new byte[4 * pixels.Length];
        upscaler.Upscale(pixels, size, size, layout, 2, upscaled, cancellation: Cancellation);
        return upscaled;
    }

    // The decoder of the model that is built in, behind an encoder of another kind with seeded weights: a picture that depends on what the
    // encoder sees, which that of small models does not.
    private static GsasrModel WithEncoder(string name)
    {
        GsasrArchitecture lite = GsasrModel.Default.Architecture;
        int features = lite.Encoder.Features;
        EncoderArchitecture encoder = name switch
        {
            "edsr" => new EdsrArchitecture(features, Blocks: 4),
            "rdn" => new RdnArchitecture(features, Blocks: 3, Layers: 3, Growth: 16),
            "swin" => new SwinIrArchitecture(features, Channels: 24, Groups: 2, Layers: 4, Heads: 2, WindowSize: 8, MlpChannels: 48),
            _ => new HatLArchitecture(features, Channels: 24, Groups: 2, Layers: 4, Heads: 2, MlpChannels: 48, CompressedChannels: 8, SqueezedChannels: 4),
        };
        var architecture = new GsasrArchitecture(encoder, lite.Decoder);
        Checkpoint trained = GsasrModel.Default.Open();
        var checkpoint = new MemoryCheckpoint(trained);
        foreach (string tensor in trained.Tensors.Keys.Where(tensor => tensor.StartsWith("encoder.", StringComparison.Ordinal)))
            checkpoint.Remove(tensor);
        foreach (ExpectedTensor tensor in architecture.ExpectedTensors().Where(tensor => tensor.Role == TensorRole.Parameter && tensor.Name.StartsWith("encoder.", StringComparison.Ordinal)))
        {
            ulong seed = SeededNumbers.Hash(tensor.Name);
            // Sums of as many products as a layer has are about as large as its input.
            long terms = tensor.ParameterCount / tensor.Shape[0];
            bool isNorm = terms == 1 && tensor.Name.EndsWith("weight", StringComparison.Ordinal);
            float amplitude = terms == 1 ? 0.1f : MathF.Sqrt(3f / terms);
            float[] values = [.. Enumerable.Range(0, (int)tensor.ParameterCount).Select(i => (isNorm ? 1 : 0) + amplitude * SeededNumbers.Uniform(seed, i))];
            checkpoint.Set<float>(tensor.Name, ElementType.Float32, [.. tensor.Shape], values);
        }

        return new GsasrModel(() => checkpoint);
    }

    private static Picture Part(string file, int size)
    {
        Image image = ImageFile.Read(Path.Combine(TestData.RepositoryRoot, "tests", "data", file));
        int channels = image.ChannelCount;
        var pixels = new byte[image.Width * image.Height * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = image.Samples8[i / 3 * channels + (channels < 3 ? 0 : i % 3)];
        return new Picture(pixels, image.Width, image.Height).Repeated(size, size);
    }

    private static byte[] Upscale(CpuDevice device, Picture picture, UpscalerOptions options, out int tiles, GsasrModel? model = null)
    {
        using var upscaler = new Upscaler(model ?? GsasrModel.Default, device, options);
        var pixels = new byte[4 * picture.Pixels.Length];
        upscaler.Upscale(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb, 2, pixels, cancellation: Cancellation);
        tiles = upscaler.LastPlan!.TileCount;
        return pixels;
    }

    private static double Psnr(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
            sum += Math.Pow(expected[i] - actual[i], 2);
        return 10 * Math.Log10(255 * 255 / Math.Max(1e-9, sum / expected.Length));
    }

    // Returns the largest difference.
    private int Compare(string name, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        int largest = 0;
        for (int i = 0; i < expected.Length; i++)
            largest = Math.Max(largest, Math.Abs(expected[i] - actual[i]));
        double psnr = Psnr(expected, actual);
        output.WriteLine($"{name}: {psnr:0.0} dB, largest difference {largest} of 255");
        Assert.True(psnr >= RequiredPsnr, $"{psnr:0.0} dB; {RequiredPsnr} dB are required.");
        return largest;
    }
}
