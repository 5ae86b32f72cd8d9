using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Whole images against those that the published code computed in float64.</summary>
public sealed class ImageGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Models => NetworkGoldenTests.Models;

    [Theory]
    [MemberData(nameof(Models))]
    public void Images_equal_the_published_codes(string name)
    {
        using Golden golden = Golden.Open(name);
        var model = new GsasrModel(() => SeededCheckpoint.Open(name));
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(model, device);
        int[] shape = golden.Shape("input");
        foreach (double scale in (double[])[2, 3.3, 4])
        {
            using GaussianField field = upscaler.BuildField(golden.Bytes("input"), shape[1], shape[0], PixelLayout.Rgb, scale, cancellation: TestContext.Current.CancellationToken);
            string image = FormattableString.Invariant($"image.x{scale}");
            float[] expected = golden.Floats(image);
            var actual = new float[expected.Length];
            field.Render(actual.AsSpan());
            Check(image, expected, actual);
        }
    }

    // Float32 cannot come closer everywhere: seeded weights drive correlations to +-1, where an image amplifies rounding.
    private void Check(string name, float[] expected, float[] actual)
    {
        double[] errors = [.. expected.Zip(actual, (e, a) => Math.Abs(e - (double)a)).Order()];
        double most = errors[(int)(0.999 * (errors.Length - 1))];
        output.WriteLine($"{name}: 99.9 % within {most:e2}, all within {errors[^1]:e2}");
        Assert.True(most <= 2e-4, $"{name}: 99.9 % of the values are within {most:e2}; 2e-4 is allowed.");
        Assert.True(errors[^1] <= 3e-3, $"{name}: the largest error is {errors[^1]:e2}; 3e-3 is allowed.");
    }
}
