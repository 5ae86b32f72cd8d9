using Gsasr.Architecture;
using Gsasr.Encoders;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>The example of docs/adding-an-encoder.md works, and what an architecture says of its work and memory is so.</summary>
public sealed class AddingAnEncoderTests
{
    private static readonly GsasrArchitecture Plain = new(new PlainArchitecture(Features: 8, Layers: 3), SmallModels.Decoder);

    private static readonly IReadOnlyList<EncoderKind> Kinds = [.. EncoderKind.All, PlainArchitecture.Kind];

    [Theory]
    [InlineData("PlainArchitecture.cs")]
    [InlineData("PlainEncoder.cs")]
    public void The_document_shows_the_code_that_is_tested(string file)
    {
        string document = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "docs", "adding-an-encoder.md")).ReplaceLineEndings("\n");
        string code = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "tests", "Models.Tests", "Example", file)).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{code}```", document, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_is_recognised_and_upscales()
    {
        GsasrModel model = SmallModels.Open(Plain, Kinds, amplitude: 0.5f);
        Assert.Equal(Plain, model.Architecture);
        Assert.Equal("custom-plain", model.Name);
        Assert.Equal("Plain, 8 features, 3 layers", model.Architecture.Encoder.Description);
        Picture picture = Picture.Photo(0, 0, 30, 20);
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(model, device);
        var pixels = new byte[4 * picture.Pixels.Length];
        upscaler.Upscale(picture.Pixels, 30, 20, PixelLayout.Rgb, 2, pixels, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(upscaler.PeakWorkingBytes, 0.8 * upscaler.LastPlan!.WorkingBytes, upscaler.LastPlan.WorkingBytes);

        // Seeded weights draw everything too bright; that the picture reaches the Gaussians through the encoder is seen in the sums.
        Assert.NotEqual(Sums(upscaler, new byte[picture.Pixels.Length]), Sums(upscaler, picture.Pixels));
    }

    private static float[] Sums(Upscaler upscaler, byte[] pixels)
    {
        using GaussianField field = upscaler.BuildField(pixels, 30, 20, PixelLayout.Rgb, 2, cancellation: TestContext.Current.CancellationToken);
        var sums = new float[4 * pixels.Length];
        field.RenderSums(sums);
        return sums;
    }

    [Fact]
    public void A_pass_counts_the_work_that_the_architecture_says()
    {
        foreach (GsasrArchitecture architecture in SmallModels.Architectures.Append(Plain).Append(GsasrModel.Default.Architecture))
        {
            using var device = new CpuDevice(2);
            using var network = new NetworkStage(SmallModels.Open(architecture, Kinds), device, Precision.Float32);
            using var arena = new Arena(device);
            int size = architecture.SizeMultiple;
            ImageGeometry geometry = ImageGeometry.Padded(size, size, 2, size, asPublished: true);
            MemoryPlan plan = MemoryPlan.Create(geometry, architecture, device, new UpscalerOptions(), DrawnFormat.Field, long.MaxValue);
            using DeviceBuffer field = device.Allocate(plan.FieldBytes);
            var pass = new ForwardPass(arena);
            pass.Begin(new Ignored(), TestContext.Current.CancellationToken);
            pass.Meter.BeginWork(plan.Work(NetworkWork.Of(architecture)));
            network.Fill(new float[size * size * 3], plan, plan.Strips.StripAt(0), field, pass, again: false);
            double expected = geometry.PaddedPixels * NetworkCost.MultiplyAddsPerPixel(architecture);
            Assert.Equal(expected, pass.Meter.Done, expected * 1e-9);
            Assert.Equal(expected + RasterStage.Work(geometry.OutputWidth, geometry.OutputHeight), plan.Work(NetworkWork.Of(architecture)), expected * 1e-9);
        }
    }

    private sealed class Ignored : IProgress<double>
    {
        public void Report(double value)
        {
        }
    }
}
