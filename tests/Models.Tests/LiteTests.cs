using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>The default model on photographs, against images that the published code computed in float64 with its weights.</summary>
public sealed class LiteTests(ITestOutputHelper output)
{
    // The largest of the golden images, most of the work of all of them.
    private static readonly string[] s_large = ["chelsea-48x36-x4", "coffee-67x50-x2.7"];

    private static readonly string[] s_cases = [.. s_large, "astronaut-25x90-x1.5", "astronaut-12x12-x8", "chelsea-33x21-x1"];

    public static MatrixTheoryData<string, string> Cases => new(TestDevices.Names, s_cases);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Images_equal_the_published_codes_and_bytes_are_those_values_rounded(string deviceName, string name)
    {
        Device device = TestDevices.Get(deviceName);
        if (s_large.Contains(name) && device.Kind != DeviceKind.Cpu && !TestDevices.IsGpu(deviceName))
            Assert.Skip($"{device.Name} is a processor; it draws the smaller images only.");
        using var upscaler = new Upscaler(GsasrModel.Default, device, UpscalerOptions.AsPublished);
        using Golden golden = Golden.Open("gsasr-lite");
        byte[] input = golden.Bytes($"{name}.input");
        (int height, int width) = (golden.Shape($"{name}.input")[0], golden.Shape($"{name}.input")[1]);
        double scale = golden.Setting(name, "scale");
        float[] expected = golden.Floats($"{name}.image");
        var values = new float[expected.Length];
        using (GaussianField field = upscaler.BuildField(
            input, width, height, PixelLayout.Rgb, scale, cancellation: TestContext.Current.CancellationToken))
        {
            field.RenderSums(values);
        }

        double worst = expected.Zip(values, (e, v) => Math.Abs(e - (double)v)).Max();
        output.WriteLine($"{name}: all within {worst:e2}");
        Assert.True(worst <= 1e-4, $"The largest error is {worst:e2}; 1e-4 is allowed.");

        var bytes = new byte[expected.Length];
        upscaler.Upscale(input, width, height, PixelLayout.Rgb, scale, bytes, cancellation: Cancellation);
        Assert.Equal(values.Select(value => (byte)MathF.Round(255 * Math.Clamp(value, 0, 1))), bytes);

        // One image shows how 16 bits are rounded.
        if (name != "astronaut-12x12-x8")
            return;
        var words = new ushort[expected.Length];
        ushort[] deepInput = Array.ConvertAll(input, value => (ushort)(257 * value));
        upscaler.Upscale(deepInput, width, height, PixelLayout.Rgb, scale, words, cancellation: Cancellation);
        Assert.Equal(values.Select(value => (ushort)MathF.Round(65535 * Math.Clamp(value, 0, 1))), words);
    }
}
