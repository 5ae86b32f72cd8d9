using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Layers.Tests;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Mixed precision of whole networks. Those tests that multiply need an NVIDIA GPU with tensor cores.</summary>
public sealed class PrecisionTests(ITestOutputHelper output)
{
    // An image of mixed precision differs from one of float32 by less than can be seen.
    private const double LeastPsnr = 55;

    private static readonly UpscalerOptions s_mixed = new() { Precision = Precision.Mixed, KeepEvenAreas = false };
    private static readonly UpscalerOptions s_float32 = s_mixed with { Precision = Precision.Float32 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl")]
    public void A_device_without_tensor_cores_computes_in_float32_and_says_that_it_has_no_other(string name)
    {
        Device device = TestDevices.Get(name);
        using (var upscaler = new Upscaler(GsasrModel.Default, device))
            Assert.Equal(Precision.Float32, upscaler.Precision);
        var refusal = Assert.Throws<NotSupportedException>(() => new Upscaler(GsasrModel.Default, device, s_mixed));
        Assert.Contains(device.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("float32", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Published_results_are_float32() => Assert.Equal(Precision.Float32, UpscalerOptions.AsPublished.Precision);

    [Theory]
    [InlineData("gsasr-lite", true)]
    [InlineData("edsr", true)]
    [InlineData("rdn", true)]
    [InlineData("swin", false)]
    [InlineData("hatl", false)]
    [InlineData("edsr-paper", false)]
    public void A_GPU_with_tensor_cores_uses_them_for_the_models_that_were_measured_and_for_others_on_request(string name, bool mixed)
    {
        Device device = TensorCoreDevice();
        GsasrModel model = name == GsasrModel.DefaultName ? GsasrModel.Default : new GsasrModel(() => SeededCheckpoint.Open(name));
        using (var upscaler = new Upscaler(model, device))
            Assert.Equal(mixed ? Precision.Mixed : Precision.Float32, upscaler.Precision);
        using var asked = new Upscaler(model, device, s_mixed);
        Assert.Equal(Precision.Mixed, asked.Precision);
    }

    [Theory]
    [InlineData("edsr", true)]
    [InlineData("rdn", true)]
    [InlineData("swin", false)]
    [InlineData("hatl", false)]
    [InlineData("edsr-paper", false)]
    [InlineData("rdn-paper", false)]
    [InlineData("swin-paper", false)]
    public void Auto_takes_float16_only_where_it_was_measured_and_every_published_model_can_have_it(string name, bool measured)
    {
        GsasrArchitecture architecture = GsasrArchitecture.Published[name];
        Device device = SoftwareGpu.Shared;
        Assert.Equal(measured ? ElementType.Float16 : ElementType.Float32, MixedPrecision.Choose(Precision.Auto, architecture, device));
        Assert.Equal(ElementType.Float16, MixedPrecision.Choose(Precision.Mixed, architecture, device));
        Assert.Equal(ElementType.Float32, MixedPrecision.Choose(Precision.Float32, architecture, device));
    }

    // Turing was not measured, and gives a group too little shared memory for HAT-L's large windows of keys.
    [Theory]
    [InlineData("edsr", true)]
    [InlineData("rdn", true)]
    [InlineData("swin", true)]
    [InlineData("hatl", false)]
    [InlineData("edsr-paper", true)]
    [InlineData("rdn-paper", true)]
    [InlineData("swin-paper", true)]
    public void On_Turing_float16_is_taken_only_on_request_and_where_its_kernels_fit(string name, bool fits)
    {
        GsasrArchitecture architecture = GsasrArchitecture.Published[name];
        Device device = SoftwareGpu.Turing;
        Assert.Equal(ElementType.Float32, MixedPrecision.Choose(Precision.Auto, architecture, device));
        if (fits)
        {
            Assert.Equal(ElementType.Float16, MixedPrecision.Choose(Precision.Mixed, architecture, device));
            return;
        }

        var refusal = Assert.Throws<NotSupportedException>(() => MixedPrecision.Choose(Precision.Mixed, architecture, device));
        Assert.Contains(architecture.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(device.Name, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hardware_between_Turing_and_Hopper_has_all_that_Hopper_has()
    {
        foreach (GsasrArchitecture architecture in GsasrArchitecture.Published.Values)
        {
            Assert.Equal(ElementType.Float16, MixedPrecision.Choose(Precision.Mixed, architecture, SoftwareGpu.Ampere));
            Assert.Equal(
                MixedPrecision.Choose(Precision.Auto, architecture, SoftwareGpu.Shared), MixedPrecision.Choose(Precision.Auto, architecture, SoftwareGpu.Ampere));
        }
    }

    [Fact]
    public void Where_auto_leaves_mixed_precision_alone_there_is_a_reason()
    {
        foreach (GsasrArchitecture architecture in GsasrArchitecture.Published.Values)
        {
            bool isTaken = MixedPrecision.Choose(Precision.Auto, architecture, SoftwareGpu.Shared) == ElementType.Float16;
            string? reason = MixedPrecision.ReservationOfAuto(architecture, SoftwareGpu.Shared);
            Assert.Equal(isTaken, reason is null);
            Assert.True(isTaken || reason!.Contains(architecture.Name, StringComparison.Ordinal), reason);
        }

        Assert.Contains("8.0", MixedPrecision.ReservationOfAuto(GsasrModel.Default.Architecture, SoftwareGpu.Turing), StringComparison.Ordinal);
        Assert.Null(MixedPrecision.ReservationOfAuto(GsasrArchitecture.Published["hatl"], SoftwareGpu.Turing));
        Assert.Null(MixedPrecision.ReservationOfAuto(GsasrArchitecture.Published["swin"], TestDevices.Get("cpu")));
    }

    [Fact]
    public void What_auto_takes_is_known_before_a_device_is_opened()
    {
        var catalog = DeviceCatalog.Find();
        foreach (DeviceDescription description in catalog.Devices)
        {
            using Device device = catalog.Open(description);
            using var upscaler = new Upscaler(GsasrModel.Default, device);
            Assert.Equal(upscaler.Precision, MixedPrecision.ChosenByAuto(GsasrModel.Default.Architecture, description));
        }

        foreach (GsasrArchitecture architecture in GsasrArchitecture.Published.Values)
        {
            foreach ((string hardware, Device device) in ((string, Device)[])[("sm_75", SoftwareGpu.Turing), ("sm_86", SoftwareGpu.Ampere), ("sm_90a", SoftwareGpu.Shared)])
            {
                var description = new DeviceDescription(DeviceKind.Cuda, 0, device.Name, device.MemoryBytes, "", IsGpu: true) { ComputeCapability = NvidiaTarget.Parse(hardware) };
                ElementType opened = MixedPrecision.Choose(Precision.Auto, architecture, device);
                Assert.Equal(opened == ElementType.Float16, MixedPrecision.ChosenByAuto(architecture, description) == Precision.Mixed);
            }
        }
    }

    [Fact]
    public void Networks_without_kernels_of_float16_are_refused_by_their_name()
    {
        GsasrArchitecture small = SmallModels.Edsr;
        GsasrArchitecture wide = small with { Decoder = small.Decoder with { Channels = 256, Heads = 8 } };
        var refusal = Assert.Throws<NotSupportedException>(() => MixedPrecision.Choose(Precision.Mixed, wide, SoftwareGpu.Shared));
        Assert.Contains(wide.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ElementType.Float32, MixedPrecision.Choose(Precision.Auto, wide, SoftwareGpu.Shared));
    }

    [Theory]
    [InlineData(96, 72, 2)]
    [InlineData(61, 50, 3.3)]
    [InlineData(48, 48, 8)]
    [InlineData(1, 1, 4)]
    public void Images_of_mixed_precision_look_the_same_and_are_the_same_bits_every_time(int width, int height, double scale)
    {
        Device device = TensorCoreDevice();
        using var mixed = new Upscaler(GsasrModel.Default, device, s_mixed);
        using var exact = new Upscaler(GsasrModel.Default, device, s_float32);
        byte[] first = Draw(mixed, width, height, scale);
        byte[] reference = Draw(exact, width, height, scale);
        double squares = first.Zip(reference, (a, b) => (double)(a - b) * (a - b)).Average();
        output.WriteLine($"{10 * Math.Log10(255 * 255 / squares):F2} dB");
        Assert.True(squares <= 255 * 255 * Math.Pow(10, -LeastPsnr / 10));
        Assert.Equal(first, Draw(mixed, width, height, scale));
        Assert.False(mixed.WasRepeated);
    }

    [Fact]
    public void Values_beyond_float16_are_computed_again_in_float32()
    {
        Device device = TensorCoreDevice();
        using var basis = ModelCheckpoint.Open(TestData.ModelFile("gsasr-lite.safetensors"));
        GsasrModel model = new(() => Grown(basis));
        using var mixed = new Upscaler(model, device, s_mixed);
        using var exact = new Upscaler(model, device, s_float32);
        Assert.Equal(Draw(exact, 24, 36, 2), Draw(mixed, 24, 36, 2));
        Assert.True(mixed.WasRepeated);
        Assert.Equal(Precision.Mixed, mixed.Precision);
        Assert.False(exact.WasRepeated);

        // Once more, with float32's weights loaded already.
        Assert.Equal(Draw(exact, 24, 36, 2), Draw(mixed, 24, 36, 2));
        Assert.True(mixed.WasRepeated);
    }

    // The same network, with features a million times as large that the next layer makes small again.
    private static MemoryCheckpoint Grown(Checkpoint basis)
    {
        const float Factor = 1 << 20;
        var grown = new MemoryCheckpoint(basis);
        Multiply("encoder.conv_after_body.weight", Factor);
        Multiply("encoder.conv_after_body.bias", Factor);
        Multiply("decoder.img_feat_proj.0.weight", 1 / Factor);
        return grown;

        void Multiply(string name, float factor)
        {
            TensorInfo tensor = basis.Tensors[name];
            var values = new float[tensor.Count];
            basis.Read(name, values.AsSpan());
            grown.Set<float>(name, ElementType.Float32, [.. tensor.Shape], Array.ConvertAll(values, value => factor * value));
        }
    }

    private static Device TensorCoreDevice()
    {
        Device device = TestDevices.Get("cuda");
        if (!TensorCores.IsSupported(device))
            Assert.Skip($"{device.Name} has no tensor cores that the kernels can use.");
        return device;
    }

    private static byte[] Draw(Upscaler upscaler, int width, int height, double scale)
    {
        Picture picture = Picture.Photo(40, 40, width, height);
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, scale);
        var target = new byte[outputWidth * outputHeight * 3];
        upscaler.Upscale(picture.Pixels, width, height, PixelLayout.Rgb, scale, target, cancellation: Cancellation);
        return target;
    }
}
