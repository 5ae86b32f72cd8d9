using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>The code in docs/fitting.md.</summary>
public sealed class FittingSampleTests
{
    [Fact]
    public void The_sample_is_the_code_below() => Assert.Equal(
        Snippet("docs/fitting.md", "```csharp", "```"),
        Snippet("tests/Models.Tests/FittingSampleTests.cs", "// begin", "// end"));

    [Fact]
    public void The_sample_fits_a_photograph()
    {
        Picture picture = Picture.Photo(40, 40, 32, 24);
        float[] photo = Array.ConvertAll(picture.Pixels, value => value / 255f);
        Assert.InRange(Fit(photo, 32, 24), 24, 60);
    }

    private static double Fit(float[] photo, int width, int height)
    {
#pragma warning disable xUnit1051 // The sample is shown to people without a test's cancellation.
        // begin
        using Device device = DeviceCatalog.Open("auto");
        using var arena = new Arena(device);
        const int Columns = 16, Rows = 12;

        // Gaussians on a grid: sigma x, sigma y, rho, mean x, mean y, red, green, blue.
        var start = new float[Rows * Columns * 8];
        for (int i = 0; i < Rows * Columns; i++)
        {
            float x = (i % Columns + 0.5f) / Columns, y = (i / Columns + 0.5f) / Rows;
            float[] gaussian = [0.6f * width / Columns, 0.6f * height / Rows, 0, x, y, 0.2f, 0.2f, 0.2f];
            gaussian.CopyTo(start, i * 8);
        }

        Tensor gaussians = device.Upload(start, Rows, Columns, 8);
        Tensor gradient = device.Upload(new float[start.Length], Rows, Columns, 8);
        Tensor target = device.Upload(photo, height, width, 3);
        Tensor image = device.Upload(photo, height, width, 3);
        var settings = new RasterSettings(width, height, 1, DMax: 1000) { Layout = GaussianLayout.Activated };
        AdamChannel sigma = new(0.02f, Minimum: 0.3f, Maximum: 100, IsLogarithmic: true);
        AdamChannel mean = new(0.1f / width), colour = new(0.01f);
        using var adam = new AdamOptimizer(
            gaussians, [sigma, sigma, new AdamChannel(0.02f, -0.95f, 0.95f), mean, mean, colour, colour, colour]);
        for (int step = 0; step < 300; step++)
        {
            Rasterizer.Render(gaussians, settings, image, arena);
            SquaredError.Gradient(image, target, image);
            Rasterizer.Backward(gaussians, settings, image, gradient, arena);
            adam.Step(gradient, rate: 1 - step / 300f);
        }

        Rasterizer.Render(gaussians, settings, image, arena);
        double decibels = -10 * Math.Log10(SquaredError.Mean(image, target, arena));
        foreach (Tensor tensor in (Tensor[])[gaussians, gradient, target, image])
            tensor.Buffer.Dispose();
        // end
#pragma warning restore xUnit1051
        return decibels;
    }

    // The lines between two marks, without their indentation.
    private static string[] Snippet(string file, string begin, string end) =>
    [
        .. File.ReadLines(Path.Combine(TestData.RepositoryRoot, file))
            .Select(line => line.Trim())
            .SkipWhile(line => line != begin)
            .Skip(1)
            .TakeWhile(line => line != end),
    ];
}
