using Gsasr.Tensors;

namespace Gsasr.Raster.Tests;

/// <summary>Draws fields and compares images.</summary>
internal static class Images
{
    /// <summary>Draws dense Gaussians into an image of its own that held garbage before.</summary>
    public static float[] Render(Device device, float[] gaussians, in RasterSettings settings, int width, int height, int channels = 9)
    {
        using var arena = new Arena(device);
        Tensor field = device.Upload(gaussians, 1, gaussians.Length / channels, channels);
        using DeviceBuffer fieldBuffer = field.Buffer;
        var garbage = new float[width * height * 3];
        garbage.AsSpan().Fill(1e9f);
        Tensor image = device.Upload(garbage, height, width, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        Rasterizer.Render(field, settings, image, arena, cancellation: TestContext.Current.CancellationToken);
        return image.ToArray();
    }

    /// <summary>Draws activated Gaussians into an image of its own that held garbage before.</summary>
    public static float[] RenderActivated(
        Device device, float[] gaussians, in RasterSettings settings, int width, int height, int colours)
    {
        using var arena = new Arena(device);
        Tensor field = device.Upload(gaussians, 1, gaussians.Length / (5 + colours), 5 + colours);
        using DeviceBuffer fieldBuffer = field.Buffer;
        var garbage = new float[width * height * colours];
        garbage.AsSpan().Fill(1e9f);
        Tensor image = device.Upload(garbage, height, width, colours);
        using DeviceBuffer imageBuffer = image.Buffer;
        Rasterizer.Render(field, settings, image, arena, cancellation: TestContext.Current.CancellationToken);
        return image.ToArray();
    }

    /// <summary>
    /// What single-precision sums of a few hundred terms reach, relative to a value above 1 and absolute below. Kernels have no
    /// double precision for the distance from the ridge of an ellipse much thinner than a pixel.
    /// </summary>
    public static double ToleranceOf(Device device) => device is GpuDevice ? 5e-6 : 1e-6;

    /// <summary>Fails unless every value is within tolerance * max(1, |expected|).</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, int width, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = -1;
        int at = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]) / Math.Max(1, Math.Abs(expected[i]));
            if (!(error <= worst))
            {
                worst = error;
                at = i;
                if (double.IsNaN(error))
                    break;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"Largest error {worst:E2} of {tolerance:E1}.");
        Assert.True(
            worst <= tolerance,
            $"Pixel ({at / 3 % width}, {at / 3 / width}) channel {at % 3} is {actual[at]:R}, not {expected[at]:R}; "
                + $"error {worst:E2}, allowed {tolerance:E1}.");
    }

    /// <summary>Fails unless the bits are the same.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int width)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i]),
                $"Pixel ({i / 3 % width}, {i / 3 / width}) channel {i % 3} is {actual[i]:R}, not {expected[i]:R} to the bit.");
        }
    }

    /// <summary>A part of an image.</summary>
    public static float[] Crop(ReadOnlySpan<float> image, int imageWidth, int left, int top, int width, int height)
    {
        var part = new float[width * height * 3];
        for (int y = 0; y < height; y++)
            image.Slice(((top + y) * imageWidth + left) * 3, width * 3).CopyTo(part.AsSpan(y * width * 3));
        return part;
    }
}
