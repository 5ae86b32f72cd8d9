using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>Gradients against the golden data, the definition's derivatives, and finite differences.</summary>
public class BackwardTests
{
    public static MatrixTheoryData<string, string> DevicesAndGoldenCases => new(TestDevices.Names, ["small", "wide", "full", "tiny"]);

    public static MatrixTheoryData<string, int> DevicesAndColours => new(TestDevices.Names, [1, 2, 3, 4]);

    [Theory]
    [MemberData(nameof(DevicesAndGoldenCases))]
    public void Golden_gradients_are_those_of_the_published_code(string deviceName, string name)
    {
        Device device = TestDevices.Get(deviceName);
        using Golden golden = Golden.Open("raster");
        int width = (int)golden.Setting(name, "width");
        int height = (int)golden.Setting(name, "height");
        var settings = new RasterSettings(width, height, golden.Setting(name, "scale"), golden.Setting(name, "dmax"));

        float[] gradient = Run(device, golden.Floats($"{name}.gaussians"), 9, settings, golden.Floats($"{name}.upstream"), width, height);

        AssertClose(Array.ConvertAll(golden.Floats($"{name}.grad"), x => (double)x), gradient, 9, device is CpuDevice ? 1e-5 : 5e-5);
    }

    [Fact]
    public void The_reference_agrees_with_finite_differences()
    {
        RasterSettings[] all =
        [
            new(23, 17, 3, 0.5),
            new(23, 17, 3, 0.5, ViewportLeft: -3.25, ViewportTop: 4.5),
            new(16, 16, 40, 1),
            new(23, 17, 1, 0.5) { Layout = GaussianLayout.Activated },
            new(9, 31, 2, 2) { Layout = GaussianLayout.Activated },
            new(19.5f, 16.25f, 3, 0.01, ScaleY: 2, LeastReach: 1.2),
            new(19.5f, 16.25f, 3, 1, ScaleY: 2) { Layout = GaussianLayout.Activated },
        ];
        foreach (RasterSettings settings in all)
        {
            int colours = settings.Layout == GaussianLayout.Raw ? 3 : 4;
            var reference = new ReferenceGradient(settings, 20, 15, colours);
            double[] gaussians = Array.ConvertAll(Field(settings.Layout, "differences", 12, colours), x => (double)x);
            double[] upstream = Array.ConvertAll(Upstream("differences", 20 * 15 * colours), x => (double)x);
            double[] gradient = reference.Backward(gaussians, upstream);
            double largest = gradient.Max(Math.Abs);
            for (int i = 0; i < gaussians.Length; i++)
            {
                double step = 1e-6;
                double Loss(double change)
                {
                    double[] moved = [.. gaussians];
                    moved[i] += change;
                    return reference.Render(moved).Zip(upstream, (x, y) => x * y).Sum();
                }

                double difference = (Loss(step) - Loss(-step)) / (2 * step);
                Assert.True(
                    Math.Abs(difference - gradient[i]) <= 1e-6 * largest,
                    $"{settings}: column {i % reference.Columns} of Gaussian {i / reference.Columns}: {gradient[i]:R}, by differences {difference:R}.");
            }
        }
    }

    [Theory]
    [EachDevice]
    public void Random_fields_match_the_reference_at_any_scale(string deviceName)
    {
        foreach (double scale in (double[])[1, 2.7, 8, 30, 64])
        {
            foreach (double dmax in (double[])[0.1, 1])
                Check(deviceName, Fields.Random($"gradient/{scale}", 150), new RasterSettings(149, 83, scale, dmax), 149, 83);
        }
    }

    [Theory]
    [EachDevice]
    public void Images_of_awkward_sizes_match_the_reference(string deviceName)
    {
        (int, int)[] sizes = [(1, 1), (1, 70), (70, 1), (2, 3), (63, 31), (64, 32), (65, 33), (15, 17), (16, 16), (129, 5)];
        foreach ((int width, int height) in sizes)
            Check(deviceName, Fields.Random($"size/{width}x{height}", 70), new RasterSettings(width, height, 3.3, 0.5), width, height);
    }

    [Theory]
    [EachDevice]
    public void Viewports_match_the_reference(string deviceName)
    {
        (double, double)[] corners = [(0, 0), (13, 29), (0.25, 0.5), (-20.3, -11.75), (80, 50), (5000, 0)];
        foreach ((double left, double top) in corners)
            Check(deviceName, Fields.Random("viewport", 120, rho: 6), new RasterSettings(90, 60, 5, 0.5, left, top), 75, 45);
    }

    [Theory]
    [EachDevice]
    public void Scales_of_their_own_for_each_axis_match_the_reference(string deviceName)
    {
        Check(deviceName, Fields.Random("axes", 120), new RasterSettings(74.7f, 45.2f, 4, 0.01, ScaleY: 7.5, LeastReach: 1.5), 75, 45);
        RasterSettings activated = new(74.7f, 45.2f, 2, 1, ScaleY: 0.5) { Layout = GaussianLayout.Activated };
        Check(deviceName, Fields.Activated("axes", 120, 3), activated, 75, 45);
    }

    [Theory]
    [EachDevice]
    public void Thin_ellipses_match_the_reference(string deviceName)
    {
        var settings = new RasterSettings(131, 77, 12, 0.8);
        foreach (float rho in (float[])[-5, 3, 4, 6])
        {
            float[] field = Fields.Random("thin", 60, sigma: 2);
            for (int i = 2; i < field.Length; i += 9)
                field[i] = rho;
            Check(deviceName, field, settings, 131, 77, gpuTolerance: 5e-4);
        }
    }

    [Theory]
    [EachDevice]
    public void Extreme_sigmas_match_the_reference(string deviceName) =>
        // The narrowest Gaussians, whose gradients are by far the largest, have one pixel, and float32 rounds its exponent of up to 16 by
        // some 1e-6.
        Check(deviceName, Fields.Random("sigma", 200, sigma: 30), new RasterSettings(97, 61, 6, 0.6), 97, 61, tolerance: 5e-5);

    [Theory]
    [EachDevice]
    public void Gaussians_larger_than_the_image_match_the_reference(string deviceName)
    {
        var settings = new RasterSettings(300, 200, 400, 2);
        Check(deviceName, Fields.Random("huge", 40, margin: 1), settings, 300, 200);
    }

    [Theory]
    [EachDevice]
    public void The_box_cuts_gradients_off_where_it_cuts_the_Gaussian(string deviceName) =>
        Check(deviceName, Fields.Random("box", 60), new RasterSettings(33, 33, 60, 0.126), 33, 33);

    [Theory]
    [MemberData(nameof(DevicesAndColours))]
    public void Activated_Gaussians_of_any_number_of_colours_are_drawn_and_differentiated(string deviceName, int colours)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(83, 61, 1.7, 1) { Layout = GaussianLayout.Activated };
        float[] field = Field(GaussianLayout.Activated, "colours", 130, colours);
        var reference = new ReferenceGradient(settings, 83, 61, colours);
        double[] exact = Array.ConvertAll(field, x => (double)x);

        double[] expected = reference.Render(exact);
        float[] drawn = Images.RenderActivated(device, field, settings, 83, 61, colours);
        double worst = expected.Zip(drawn, (e, a) => Math.Abs(e - a) / Math.Max(1, Math.Abs(e))).Max();
        Assert.InRange(worst, 0, Images.ToleranceOf(device));

        Check(deviceName, field, settings, 83, 61, colours: colours);
    }

    [Theory]
    [EachDevice]
    public void Gaussians_outside_the_image_have_no_gradient(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(40, 30, 4, 0.5);
        float[] far = [.. Fields.One(0, 0, 0, 1e30f, 0.5f), .. Fields.One(0, 0, 0, 0.5f, -1000), .. Fields.One(0, 0, 0, 3, 3)];
        Assert.All(Run(device, far, 9, settings, Upstream("far", 40 * 30 * 3), 40, 30), value => Assert.Equal(0, value));
    }

    [Theory]
    [EachDevice]
    public void A_Gaussian_that_is_not_valid_gets_NaN_and_the_others_their_gradient(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(40, 30, 1, 1) { Layout = GaussianLayout.Activated };
        float[] field = Field(GaussianLayout.Activated, "valid", 20, 3);
        float[] upstream = Upstream("valid", 40 * 30 * 3);
        float[] expected = Run(device, field, 8, settings, upstream, 40, 30);
        foreach ((int column, float value) in ((int, float)[])[(0, 0), (1, -1), (2, 1), (2, -1.5f), (3, float.NaN), (5, float.PositiveInfinity)])
        {
            float[] broken = [.. field];
            broken[7 * 8 + column] = value;
            float[] gradient = Run(device, broken, 8, settings, upstream, 40, 30);
            for (int i = 0; i < gradient.Length; i++)
                Assert.Equal(i / 8 == 7 ? float.NaN : expected[i], gradient[i]);
            Assert.All(Images.RenderActivated(device, broken, settings, 40, 30, 3), pixel => Assert.Equal(float.NaN, pixel));
        }
    }

    [Theory]
    [EachDevice]
    public void What_float32_left_out_of_the_means_moves_the_gradient(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] published = Fields.Random("remainders", 50);
        var field = new float[50 * 11];
        for (int i = 0; i < 50; i++)
        {
            published.AsSpan(i * 9, 9).CopyTo(field.AsSpan(i * 11));
            field[i * 11 + 9] = 0.01f * (i % 3);
            field[i * 11 + 10] = -0.02f * (i % 2);
            published[i * 9 + 7] += field[i * 11 + 9];
            published[i * 9 + 8] += field[i * 11 + 10];
        }

        var settings = new RasterSettings(60, 45, 4, 0.5);
        float[] upstream = Upstream("remainders", 60 * 45 * 3);
        float[] expected = Run(device, published, 9, settings, upstream, 60, 45);
        AssertClose(Array.ConvertAll(expected, x => (double)x), Run(device, field, 11, settings, upstream, 60, 45), 9, 1e-5);
    }

    [Theory]
    [EachDevice]
    public void Running_again_gives_the_same_bits(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var settings = new RasterSettings(180, 120, 6, 0.3);
        float[] field = Fields.Grid("again", 80, 120);
        float[] upstream = Upstream("again", 180 * 120 * 3);
        float[] first = Run(device, field, 9, settings, upstream, 180, 120);
        for (int run = 0; run < 3; run++)
            Assert.Equal(first, Run(device, field, 9, settings, upstream, 180, 120));
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        var settings = new RasterSettings(180, 120, 6, 0.3);
        float[] field = Fields.Random("threads", 2000, rho: 8);
        float[] upstream = Upstream("threads", 180 * 120 * 3);
        using var one = new CpuDevice(1);
        float[] expected = Run(one, field, 9, settings, upstream, 180, 120);
        foreach (int threads in (int[])[2, 3, 8])
        {
            using var device = new CpuDevice(threads);
            Assert.Equal(expected, Run(device, field, 9, settings, upstream, 180, 120));
        }
    }

    [Theory]
    [EachDevice]
    public void Slices_of_wider_tensors_are_read_and_written_in_place(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var arena = new Arena(device);
        var settings = new RasterSettings(37, 21, 4, 0.5);
        float[] field = Fields.Random("slices", 90);
        float[] upstream = Upstream("slices", 37 * 21 * 3);
        float[] expected = Run(device, field, 9, settings, upstream, 37, 21);

        var wideField = new float[90 * 13];
        var wideUpstream = new float[37 * 21 * 5];
        for (int i = 0; i < 90; i++)
            field.AsSpan(i * 9, 9).CopyTo(wideField.AsSpan(i * 13 + 2));
        for (int i = 0; i < 37 * 21; i++)
            upstream.AsSpan(i * 3, 3).CopyTo(wideUpstream.AsSpan(i * 5 + 1));
        Tensor gaussians = device.Upload(wideField, 6, 15, 13);
        using DeviceBuffer gaussiansBuffer = gaussians.Buffer;
        Tensor image = device.Upload(wideUpstream, 21, 37, 5);
        using DeviceBuffer imageBuffer = image.Buffer;
        Tensor gradient = device.Upload(new float[6 * 15 * 12], 6, 15, 12);
        using DeviceBuffer gradientBuffer = gradient.Buffer;
        Rasterizer.Backward(gaussians.SliceChannels(2, 9), settings, image.SliceChannels(1, 3), gradient.SliceChannels(3, 9), arena);

        float[] written = gradient.ToArray();
        for (int i = 0; i < written.Length; i++)
            Assert.Equal(i % 12 < 3 ? 0 : expected[i / 12 * 9 + i % 12 - 3], written[i]);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused_by_name()
    {
        using var device = new CpuDevice(1);
        using var arena = new Arena(device);
        Tensor Make(int height, int width, int channels) => device.Upload(new float[height * width * channels], height, width, channels);
        var raw = new RasterSettings(4, 4, 2);
        RasterSettings activated = raw with { Layout = GaussianLayout.Activated };

        Assert.Throws<ArgumentException>("gaussianGradient", () => Rasterizer.Backward(Make(1, 5, 9), raw, Make(4, 4, 3), Make(1, 4, 9), arena));
        Assert.Throws<ArgumentException>("gaussianGradient", () => Rasterizer.Backward(Make(1, 5, 11), raw, Make(4, 4, 3), Make(1, 5, 11), arena));
        Assert.Throws<ArgumentException>("gaussians", () => Rasterizer.Backward(Make(1, 5, 8), raw, Make(4, 4, 3), Make(1, 5, 8), arena));
        Assert.Throws<ArgumentException>("image", () => Rasterizer.Backward(Make(1, 5, 9), raw, Make(4, 4, 4), Make(1, 5, 9), arena));
        Assert.Throws<ArgumentException>("image", () => Rasterizer.Backward(Make(1, 5, 10), activated, Make(4, 4, 5), Make(1, 5, 10), arena));
        Assert.Throws<ArgumentException>("gaussians", () => Rasterizer.Render(Make(1, 5, 9), activated, Make(4, 4, 3), arena, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(
            "Layout", () => Rasterizer.Render(Make(1, 5, 9), raw with { Layout = (GaussianLayout)7 }, Make(4, 4, 3), arena, cancellation: TestContext.Current.CancellationToken));
    }

    internal static float[] Upstream(string seed, int count)
    {
        ulong hash = SeededNumbers.Hash("upstream/" + seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = SeededNumbers.Uniform(hash, i);
        return values;
    }

    private static float[] Field(GaussianLayout layout, string seed, int count, int colours) =>
        layout == GaussianLayout.Raw ? Fields.Random(seed, count) : Fields.Activated(seed, count, colours);

    private static void Check(
        string deviceName,
        float[] field,
        in RasterSettings settings,
        int width,
        int height,
        int colours = 3,
        double tolerance = 1e-5,
        double gpuTolerance = 5e-5)
    {
        Device device = TestDevices.Get(deviceName);
        var reference = new ReferenceGradient(settings, width, height, colours);
        float[] upstream = Upstream("check", width * height * colours);
        double[] expected = reference.Backward(
            Array.ConvertAll(field, x => (double)x), Array.ConvertAll(upstream, x => (double)x));
        float[] actual = Run(device, field, reference.Columns, settings, upstream, width, height);
        AssertClose(expected, actual, reference.Columns, device is CpuDevice ? tolerance : gpuTolerance);
    }

    private static float[] Run(
        Device device, float[] field, int columns, in RasterSettings settings, float[] upstream, int width, int height)
    {
        using var arena = new Arena(device);
        Tensor gaussians = device.Upload(field, 1, field.Length / columns, columns);
        using DeviceBuffer gaussiansBuffer = gaussians.Buffer;
        Tensor image = device.Upload(upstream, height, width, upstream.Length / (width * height));
        using DeviceBuffer imageBuffer = image.Buffer;
        int gradientColumns = Math.Min(columns, 9);
        var garbage = new float[gaussians.Pixels * gradientColumns];
        garbage.AsSpan().Fill(1e9f);
        Tensor gradient = device.Upload(garbage, 1, gaussians.Pixels, gradientColumns);
        using DeviceBuffer gradientBuffer = gradient.Buffer;
        Rasterizer.Backward(gaussians, settings, image, gradient, arena);
        return gradient.ToArray();
    }

    // Columns have different units, so each is compared on its own: the error's norm relative to the column's.
    private static void AssertClose(double[] expected, float[] actual, int columns, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int column = 0; column < columns; column++)
        {
            double error = 0;
            double norm = 0;
            for (int i = column; i < expected.Length; i += columns)
            {
                error += Math.Pow(expected[i] - actual[i], 2);
                norm += Math.Pow(expected[i], 2);
            }

            double relative = norm == 0 ? error : Math.Sqrt(error / norm);
            TestContext.Current.TestOutputHelper?.WriteLine($"Column {column}: {relative:E2} of {tolerance:E1}.");
            Assert.True(relative <= tolerance, $"Column {column} is off by {relative:E2} of its norm {Math.Sqrt(norm):E2}; {tolerance:E1} is allowed.");
        }
    }
}
