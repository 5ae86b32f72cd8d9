using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>Images against the definition and the golden data.</summary>
public class RasterizerTests
{
    public static MatrixTheoryData<string, string> DevicesAndGoldenCases => new(TestDevices.Names, ["small", "wide", "full", "tiny"]);

    public static MatrixTheoryData<string, double> DevicesAndScales => new(TestDevices.Names, [1, 2.7, 4, 8, 30, 64]);

    [Theory]
    [MemberData(nameof(DevicesAndGoldenCases))]
    public void Golden_fields_are_drawn_as_published(string deviceName, string name)
    {
        Device device = TestDevices.Get(deviceName);
        using Golden golden = Golden.Open("raster");
        int width = (int)golden.Setting(name, "width");
        int height = (int)golden.Setting(name, "height");
        var settings = new RasterSettings(width, height, golden.Setting(name, "scale"), golden.Setting(name, "dmax"));

        float[] image = Images.Render(device, golden.Floats($"{name}.gaussians"), settings, width, height);

        Images.AssertClose(Array.ConvertAll(golden.Floats($"{name}.image"), x => (double)x), image, width, 1e-6);
    }

    [Theory]
    [MemberData(nameof(DevicesAndScales))]
    public void Random_fields_match_the_definition_at_any_scale(string deviceName, double scale)
    {
        Device device = TestDevices.Get(deviceName);
        foreach (double dmax in (double[])[0.1, 1])
        {
            var settings = new RasterSettings(149, 83, scale, dmax);
            CheckAgainstDefinition(device, Fields.Random($"scale/{scale}", 400), settings, 149, 83);
        }
    }

    [Theory]
    [EachDevice]
    public void Images_of_awkward_sizes_match_the_definition(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        (int, int)[] sizes = [(1, 1), (1, 70), (70, 1), (2, 3), (63, 31), (64, 32), (65, 33), (15, 17), (16, 16), (129, 5)];
        foreach ((int width, int height) in sizes)
        {
            var settings = new RasterSettings(width, height, 3.3, 0.5);
            CheckAgainstDefinition(device, Fields.Random($"size/{width}x{height}", 150), settings, width, height);
        }
    }

    [Theory]
    [EachDevice]
    public void A_canvas_of_one_pixel_takes_only_Gaussians_centred_on_it(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);

        Assert.Equal([1f, 1f, 1f], Images.Render(device, Fields.One(0, 0, 0, 0.5f, 0.5f), new RasterSettings(1, 1, 4), 1, 1));
        Assert.Equal([0f, 0f, 0f], Images.Render(device, Fields.One(0, 0, 0, 0.51f, 0.5f), new RasterSettings(1, 1, 4), 1, 1));
    }

    [Theory]
    [EachDevice]
    public void Extreme_sigmas_match_the_definition(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(97, 61, 6, 0.6);
        CheckAgainstDefinition(device, Fields.Random("sigma", 300, sigma: 30), settings, 97, 61);

        // The narrowest Gaussian there is, on the centre of a pixel and a thousandth of a pixel beside it.
        var centred = new RasterSettings(33, 33, 6, 1);
        CheckAgainstDefinition(device, Fields.One(-30, -30, 0, 0.5f, 0.5f), centred, 33, 33);
        CheckAgainstDefinition(device, Fields.One(-30, -30, 0, 0.50003f, 0.5f), centred, 33, 33);
        CheckAgainstDefinition(device, Fields.One(-200, 200, 0, 0.5f, 0.5f), centred, 33, 33);
    }

    [Theory]
    [EachDevice]
    public void Thin_ellipses_match_the_definition(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        foreach (double scale in (double[])[4, 30])
        {
            var settings = new RasterSettings(131, 77, scale, 0.8);
            CheckAgainstDefinition(device, Fields.Random($"rho/{scale}", 400, rho: 20), settings, 131, 77);
            CheckAgainstDefinition(device, Fields.Random($"both/{scale}", 400, sigma: 30, rho: 20), settings, 131, 77);
        }

        // Ridges that pass through centres of pixels, where all of the weight is.
        foreach (float rho in (float[])[-20, -9, 9, 20])
            CheckAgainstDefinition(device, Fields.One(2, 2, rho, 0.5f, 0.5f), new RasterSettings(65, 65, 20, 1), 65, 65);
    }

    [Theory]
    [EachDevice]
    public void The_first_sigma_is_vertical_and_the_second_horizontal(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] image = Images.Render(device, Fields.One(3, -3, 0, 0.5f, 0.5f), new RasterSettings(33, 33, 6, 1), 33, 33);

        Assert.InRange(image[(12 * 33 + 16) * 3], 0.5f, 1);
        Assert.InRange(image[(16 * 33 + 12) * 3], 0, 1e-6f);
    }

    [Theory]
    [EachDevice]
    public void The_box_includes_pixels_exactly_on_its_edge(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);

        // 0.125 * (33 - 1) / 2 is 2 pixels: columns 14 to 18 of a centre at 16.
        float[] image = Images.Render(device, Fields.One(9, 9, 0, 0.5f, 0.5f), new RasterSettings(33, 33, 60, 0.125), 33, 33);

        for (int y = 0; y < 33; y++)
        {
            for (int x = 0; x < 33; x++)
                Assert.Equal(x is >= 14 and <= 18 && y is >= 14 and <= 18, image[(y * 33 + x) * 3] > 0.9f);
        }
    }

    [Theory]
    [EachDevice]
    public void Centres_outside_the_canvas_reach_into_it_and_far_ones_do_nothing(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(70, 50, 16, 1);
        CheckAgainstDefinition(device, Fields.Random("outside", 300, margin: 0.6f), settings, 70, 50);

        float[] far = [.. Fields.One(0, 0, 0, 1e30f, 0.5f), .. Fields.One(0, 0, 0, 0.5f, -1e30f), .. Fields.One(0, 0, 0, -1000, 1000),
            .. Fields.One(0, 0, 0, float.MaxValue, float.MaxValue), .. Fields.One(0, 0, 0, float.MinValue, 0.5f)];
        Assert.All(Images.Render(device, far, settings, 70, 50), value => Assert.Equal(0, value));
    }

    [Theory]
    [EachDevice]
    public void Huge_finite_values_saturate(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] field = Fields.Random("saturate", 60);
        for (int i = 0; i < field.Length; i++)
        {
            if (i % 9 < 7 && i % 4 == 0)
                field[i] = i % 8 == 0 ? float.MaxValue : float.MinValue;
        }

        CheckAgainstDefinition(device, field, new RasterSettings(40, 30, 5, 1), 40, 30);
    }

    [Theory]
    [EachDevice]
    public void A_value_that_is_not_finite_makes_the_whole_image_NaN(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(80, 40, 4);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            for (int column = 0; column < 9; column++)
            {
                float[] field = Fields.Random("finite", 300);
                field[287 * 9 + column] = bad;
                Assert.All(Images.Render(device, field, settings, 80, 40), value => Assert.Equal(float.NaN, value));
            }
        }
    }

    [Theory]
    [EachDevice]
    public void Axes_of_different_scales_and_a_canvas_of_no_whole_size_match_the_definition(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        foreach ((double scale, double scaleY, double dMax, double leastReach) in new[]
        {
            (3, 3.7, 1, 0), (1.2973, 1.2609, 0.1, 0), (7.7, 2.05, 0.1, 1.3), (1, 1.04, 0.05, 4), (2.5, 11, 0.3, 0),
        })
        {
            var settings = new RasterSettings((float)(24 * scale), (float)(12 * scaleY), scale, dMax, ScaleY: scaleY, LeastReach: leastReach);
            CheckAgainstDefinition(
                device, Fields.Random($"axes/{scale}", 300), settings, (int)settings.CanvasWidth, (int)settings.CanvasHeight);
            CheckAgainstDefinition(device, Fields.Grid($"grid/{scale}", 24, 48), settings with { ViewportLeft = 2.5 }, 40, 17);
        }
    }

    [Theory]
    [EachDevice]
    public void A_field_of_equal_Gaussians_is_as_bright_at_every_pair_of_scales(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        const int Cells = 48; // 4 for each of 12 pixels
        var field = new float[Cells * Cells * 9];
        for (int i = 0; i < Cells * Cells; i++)
        {
            // Round Gaussians of a sigma of 0.31 low-resolution pixels, more than the quarter pixel between two of them.
            float[] gaussian = [-0.5f, -0.5f, 0, 30, -2, -2, -2, (i % Cells + 0.5f) / Cells, (i / Cells + 0.5f) / Cells];
            gaussian.CopyTo(field, i * 9);
        }

        // The sum of samples is the integral: 16 Gaussians a pixel, each of 2 pi sigma^2 square pixels.
        double sigma = (0.99999 / (1 + Math.Exp(0.5)) + 1e-6) / 1.2;
        double expected = 16 * 2 * Math.PI * sigma * sigma / (1 + Math.Exp(2));
        for (double scale = 1; scale <= 12; scale += 0.55)
        {
            double scaleY = 13 - scale;
            var settings = new RasterSettings(
                (float)(12 * scale), (float)(12 * scaleY), scale, 1, Math.Floor(4.5 * scale), Math.Floor(4.5 * scaleY), scaleY);
            int width = Math.Max(1, (int)(2 * scale));
            float[] image = Images.Render(device, field, settings, width, Math.Max(1, (int)(2 * scaleY)));
            Assert.All(image, value => Assert.Equal(expected, value, 2e-3));
        }
    }

    [Theory]
    [EachDevice]
    public void An_empty_view_is_zero(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(100, 100, 4, ViewportLeft: 5000, ViewportTop: -300);

        Assert.All(Images.Render(device, Fields.Random("view", 500), settings, 30, 20), value => Assert.Equal(0, value));
    }

    [Theory]
    [EachDevice]
    public void Means_keep_their_precision_on_the_largest_canvas(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        const int Canvas = RasterSettings.MaximumCanvas;
        float[] field = Fields.Random("canvas", 200);
        for (int i = 0; i < field.Length; i += 9)
        {
            // Centres 12.5 to 20 pixels from the canvas's far and near edges: floats are 0.5 pixels apart at one, denser at the other.
            field[i + 7] = 1 - (12 + i / 9 % 16 * 0.5f) / Canvas;
            field[i + 8] = (12 + i / 9 / 16 * 0.3f) / Canvas;
        }

        var settings = new RasterSettings(Canvas, Canvas, 4, 0.1, ViewportLeft: Canvas - 31, ViewportTop: 3);
        CheckAgainstDefinition(device, field, settings, 40, 30);
    }

    [Theory]
    [EachDevice]
    public void What_float32_left_out_of_the_means_is_added(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] published = Fields.Random("remainders", 300, rho: 8);
        var field = new float[published.Length / 9 * 11];
        for (int i = 0; i < published.Length / 9; i++)
        {
            published.AsSpan(i * 9, 9).CopyTo(field.AsSpan(i * 11));
            field[i * 11 + 9] = (i % 7 - 3) * 9e-9f;
            field[i * 11 + 10] = (i % 5 - 2) * 9e-9f;
        }

        var settings = new RasterSettings(4001, 4003, 2, 0.1, ViewportLeft: 1990, ViewportTop: 2010);
        for (int i = 0; i < field.Length; i += 11)
        {
            field[i + 7] = 0.4975f + i % 13 * 1e-3f;
            field[i + 8] = 0.5025f + i % 17 * 1e-3f;
        }

        double[] expected = ReferenceRasterizer.Render(field, settings, 61, 67, channels: 11);
        Images.AssertClose(expected, Images.Render(device, field, settings, 61, 67, channels: 11), 61, Images.ToleranceOf(device));
    }

    private static void CheckAgainstDefinition(
        Device device, float[] gaussians, in RasterSettings settings, int width, int height)
    {
        double[] expected = ReferenceRasterizer.Render(gaussians, settings, width, height);
        Images.AssertClose(expected, Images.Render(device, gaussians, settings, width, height), width, Images.ToleranceOf(device));
    }
}
