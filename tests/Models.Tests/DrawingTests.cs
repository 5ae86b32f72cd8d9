using Gsasr.Imaging;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>
/// Drawings with details of one pixel keep their colours: seen from afar, as means of 4 x 4 input pixels, and as a whole. The allowances are the
/// figures of docs/models.md; a model may sharpen, but not change colours.
/// </summary>
public sealed class DrawingTests(ITestOutputHelper output) : IDisposable
{
    private const int Scale = 4;
    private readonly CpuDevice _device = new();

    [Theory]
    [InlineData("lines", 4.8, 1.7)]
    [InlineData("stripes", 5.3, 3.5)]
    [InlineData("dither", 8.7, 2.0)]
    [InlineData("checkerboard", 1.8, 1.2)]
    [InlineData("icon", 10.9, 4.9)]
    [InlineData("icon-on-white", 10.8, 0.2)]
    [InlineData("bars", 2.7, 0.6)]
    [InlineData("sprite", 4.5, 0.3)]
    public void A_drawing_keeps_its_colours(string name, double local, double whole)
    {
        Image input = ImageFile.Read(Path.Combine(TestData.Folder, "drawings", $"{name}.png"));
        var layout = Enum.Parse<PixelLayout>(input.Layout.ToString());
        var drawn = new byte[input.Samples8.Length * Scale * Scale];
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        upscaler.Upscale(input.Samples8, input.Width, input.Height, layout, Scale, drawn, cancellation: TestContext.Current.CancellationToken);

        double[] before = OnGrey(input.Samples8, input.ChannelCount);
        double[] after = OnGrey(drawn, input.ChannelCount);
        double localChange = Means(after, input.Width * Scale, 4 * Scale).Zip(Means(before, input.Width, 4), (a, b) => Math.Abs(a - b)).Max();
        double wholeChange = Enumerable.Range(0, 3).Max(channel => Math.Abs(Mean(after, channel) - Mean(before, channel)));
        output.WriteLine($"{name}: local {localChange:0.00}, whole {wholeChange:0.00}");
        Assert.InRange(localChange, 0, local);
        Assert.InRange(wholeChange, 0, whole);
    }

    // Distances are those from an output pixel's centre to the nearest input pixel of the other kind, in input pixels.
    [Fact]
    public void The_edge_of_a_sprite_stays_sharp_and_has_no_halo()
    {
        Image input = ImageFile.Read(Path.Combine(TestData.Folder, "drawings", "sprite.png"));
        int width = input.Width * Scale, height = input.Height * Scale;
        var drawn = new byte[width * height * 4];
        using var upscaler = new Upscaler(GsasrModel.Default, _device);
        upscaler.Upscale(input.Samples8, input.Width, input.Height, PixelLayout.Rgba, Scale, drawn, cancellation: TestContext.Current.CancellationToken);
        for (int i = 0; i < width * height; i++)
        {
            double x = (i % width + 0.5) / Scale, y = (i / width + 0.5) / Scale;
            bool isInside = Alpha((int)x, (int)y) == 255;
            double distance = Math.Sqrt(NearestOther(x, y, isInside));
            int lacking = isInside ? 255 - drawn[4 * i + 3] : drawn[4 * i + 3];
            int allowed = distance switch { >= 2.1 => 0, >= 0.6 => isInside ? 7 : 2, >= 0.3 => 60, _ => 255 };
            Assert.True(lacking <= allowed, $"Alpha {drawn[4 * i + 3]} at {x}, {y}, {distance} from the edge.");
            // What is seen at the edge is the sprite's red, nothing of the black that is under the transparent pixels.
            if (distance < 1 && drawn[4 * i + 3] > 0)
                Assert.True(drawn.AsSpan(4 * i, 3) is [255, >= 37 and <= 43, >= 37 and <= 43], $"Another colour at {x}, {y}.");
        }

        // Where the edge is straight, one output pixel is nearly transparent and the next nearly opaque.
        for (int row = 92; row <= 110; row++)
        {
            Assert.InRange(drawn[4 * (row * width + 19) + 3], 0, 20);
            Assert.InRange(drawn[4 * (row * width + 20) + 3], 245, 255);
        }

        int Alpha(int column, int row) => input.Samples8[4 * (row * input.Width + column) + 3];

        double NearestOther(double x, double y, bool isInside)
        {
            double nearest = 9;
            for (int row = Math.Max((int)y - 3, 0); row <= Math.Min((int)y + 3, input.Height - 1); row++)
            {
                for (int column = Math.Max((int)x - 3, 0); column <= Math.Min((int)x + 3, input.Width - 1); column++)
                {
                    double across = Math.Max(Math.Max(column - x, x - column - 1), 0), down = Math.Max(Math.Max(row - y, y - row - 1), 0);
                    if (Alpha(column, row) == 255 != isInside)
                        nearest = Math.Min(nearest, across * across + down * down);
                }
            }

            return nearest;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    // [pixels, 3], over middle grey where the picture is transparent.
    private static double[] OnGrey(ReadOnlySpan<byte> samples, int channels)
    {
        bool isGrey = channels <= 2;
        var colours = new double[samples.Length / channels * 3];
        for (int pixel = 0; pixel < samples.Length / channels; pixel++)
        {
            double opacity = channels is 2 or 4 ? samples[pixel * channels + channels - 1] / 255.0 : 1;
            for (int c = 0; c < 3; c++)
                colours[pixel * 3 + c] = opacity * samples[pixel * channels + (isGrey ? 0 : c)] + (1 - opacity) * 128;
        }

        return colours;
    }

    // Of each channel of each whole square of `side` pixels; a picture of fewer rows is cut into squares of its height.
    private static IEnumerable<double> Means(double[] colours, int width, int side)
    {
        int height = colours.Length / 3 / width;
        int rows = Math.Min(side, height);
        for (int top = 0; top + rows <= height; top += rows)
        {
            for (int left = 0; left + side <= width; left += side)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    double sum = 0;
                    for (int y = top; y < top + rows; y++)
                    {
                        for (int x = left; x < left + side; x++)
                            sum += colours[(y * width + x) * 3 + channel];
                    }

                    yield return sum / (rows * side);
                }
            }
        }
    }

    private static double Mean(double[] colours, int channel) => colours.Where((_, i) => i % 3 == channel).Average();
}
