using Gsasr.Checkpoints;
using Gsasr.Fitting;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Fitting of Gaussians to images: it gets there, the same way every time, and can be interrupted.</summary>
public sealed class FieldFitterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Picture _picture = Picture.Photo(40, 40, 48, 32);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [EachDevice]
    public void A_photograph_becomes_Gaussians(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using FieldFitter fitter = Make(device);
        double first = fitter.MeasurePsnr();
        Run(fitter, 0, 300, 300);
        double last = fitter.MeasurePsnr();
        TestContext.Current.TestOutputHelper?.WriteLine($"{first:F2} dB, then {last:F2} dB.");
        Assert.Equal((300, 150), (fitter.Steps, fitter.Count));
        Assert.True(last > first + 6, $"{first:F2} dB became {last:F2} dB.");

        // What is drawn from the field is the image, to the PSNR that was said.
        using GaussianField field = fitter.ToField();
        var drawn = new byte[48 * 32 * 3];
        field.Render(new FieldView(0, 0, 48, 32, 48, 32), PixelLayout.Rgb, drawn, cancellation: TestContext.Current.CancellationToken);
        double error = drawn.Zip(_picture.Pixels, (x, y) => Math.Pow((x - y) / 255.0, 2)).Average();
        Assert.InRange(-10 * Math.Log10(error), last - 0.2, last + 1);
    }

    [Theory]
    [EachDevice]
    public void The_same_seed_gives_the_same_bits_and_another_seed_others(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] Fit(int seed)
        {
            using FieldFitter fitter = Make(device, seed);
            Run(fitter, 0, 40, 100);
            using GaussianField field = fitter.ToField();
            return field.Gaussians.ToArray();
        }

        float[] expected = Fit(0);
        Assert.Equal(expected, Fit(0));
        Assert.NotEqual(expected, Fit(1));
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        float[] Fit(int threads)
        {
            using var device = new CpuDevice(threads);
            using FieldFitter fitter = Make(device);
            Run(fitter, 0, 30, 60);
            using GaussianField field = fitter.ToField();
            return field.Gaussians.ToArray();
        }

        Assert.Equal(Fit(1), Fit(3));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(25)]
    [InlineData(59)]
    public void An_interruption_does_not_change_a_bit(int steps)
    {
        using var device = new CpuDevice(2);
        string path = _folder.File("state.safetensors");
        using (FieldFitter first = Make(device))
        {
            Run(first, 0, steps, 60);
            first.SaveState(path);
        }

        using FieldFitter resumed = Make(device);
        resumed.LoadState(path);
        Assert.Equal(steps, resumed.Steps);
        Run(resumed, steps, 60, 60);
        using FieldFitter whole = Make(device);
        Run(whole, 0, 60, 60);
        using GaussianField expected = whole.ToField();
        using GaussianField actual = resumed.ToField();
        Assert.Equal(expected.Gaussians.ToArray(), actual.Gaussians.ToArray());
    }

    [Fact]
    public void A_state_of_another_image_or_of_no_fit_is_refused()
    {
        using var device = new CpuDevice(1);
        string path = _folder.File("state.safetensors");
        using FieldFitter fitter = Make(device);
        fitter.SaveState(path);
        using FieldFitter other = Make(device, seed: 7);
        Assert.Contains("another fit", Assert.Throws<CheckpointFormatException>(() => other.LoadState(path)).Message, StringComparison.Ordinal);

        string field = _folder.File("field.safetensors");
        using (GaussianField made = fitter.ToField())
            made.Save(field);
        Assert.Contains("does not keep the state", Assert.Throws<CheckpointFormatException>(() => fitter.LoadState(field)).Message, StringComparison.Ordinal);

        byte[] bytes = File.ReadAllBytes(path);
        for (int length = 0; length < bytes.Length; length += 97)
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<CheckpointFormatException>(() => fitter.LoadState(path));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void A_handful_of_Gaussians_is_a_field_too(int count)
    {
        using var device = new CpuDevice(1);
        using FieldFitter fitter = FieldFitter.Create<byte>(new(_picture.Pixels, 48, 32, PixelLayout.Rgb), device, new FitOptions { Gaussians = count });
        Run(fitter, 0, 30, 30);
        Assert.Equal(count, fitter.Count);
        Assert.InRange(fitter.MeasurePsnr(), 5, 40);
    }

    [Fact]
    public void An_image_of_one_pixel_is_fitted()
    {
        using var device = new CpuDevice(1);
        using var fitter = FieldFitter.Create<byte>(new([200], 1, 1, PixelLayout.Grey), device, new FitOptions { Gaussians = 3 });
        Run(fitter, 0, 200, 200);
        Assert.InRange(fitter.MeasurePsnr(), 30, double.PositiveInfinity);
    }

    [Fact]
    public void Unusable_arguments_are_refused_by_name()
    {
        using var device = new CpuDevice(1);
        var options = new FitOptions { Gaussians = 10 };
        Assert.Throws<ArgumentException>(() => FieldFitter.Create<byte>(new(new byte[5], 2, 2, PixelLayout.Rgb), device, options));
        Assert.Throws<ArgumentOutOfRangeException>("image", () => FieldFitter.Create(default(ReadOnlyPixelSpan<byte>), device, options));
        Assert.Throws<ArgumentOutOfRangeException>("options", () => FieldFitter.Create<byte>(new(new byte[12], 2, 2, PixelLayout.Rgb), device, new FitOptions { Gaussians = 0 }));
        using var fitter = FieldFitter.Create<byte>(new(new byte[12], 2, 2, PixelLayout.Rgb), device, options);
        fitter.Step(0.5);
        Assert.Throws<ArgumentOutOfRangeException>("done", () => fitter.Step(0.4));
        Assert.Throws<ArgumentOutOfRangeException>("done", () => fitter.Step(double.NaN));
    }

    private static void Run(FieldFitter fitter, int first, int end, int total)
    {
        for (int step = first; step < end; step++)
            fitter.Step((double)step / total);
    }

    private FieldFitter Make(Device device, int seed = 0) => FieldFitter.Create<byte>(
        new(_picture.Pixels, _picture.Width, _picture.Height, PixelLayout.Rgb), device, new FitOptions { Gaussians = 150, Seed = seed });
}
