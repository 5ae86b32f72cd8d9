using Gsasr.Architecture;
using Gsasr.Bench;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Layers.Tests;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>
/// Whole networks of float16, as small as they can be, against float32 on the processor: with the kernels' C# in software, and on an NVIDIA
/// GPU with tensor cores where there is one. Channels and heads are such as must be filled up with zeros. Beside them is what bfloat16 makes of the same networks.
/// </summary>
public sealed class MixedNetworkTests(ITestOutputHelper output)
{
    // Of the norm. A weight in a wrong place changes results by tenths; float16 has 11 bits, and a dozen layers round.
    private const double Tolerance = 4e-3;

    // How much farther from float32 autocast to bfloat16 is, at least. It has three bits less.
    private const double LeastFactor = 5;

    // The emulation of autocast that rounds nothing.
    private const double ExactTolerance = 1e-5;

    private static readonly Lazy<GpuDevice> s_turing = new(() => (GpuDevice)DeviceCatalog.OpenAs(NvidiaTarget.Turing));

    [Theory]
    [InlineData("software", "swin")]
    [InlineData("software", "hatl")]
    [InlineData("cuda", "swin")]
    [InlineData("cuda", "hatl")]
    [InlineData("cuda as Turing", "swin")]
    public void Features_of_float16_are_those_of_float32(string device, string encoder)
    {
        GpuDevice gpu = Gpu(device);
        GsasrArchitecture architecture = SmallModels.Architectures.Single(model => model.Encoder.Name == encoder);

        // HAT-L's windows are large, and a layer of one head takes long enough in software.
        if (architecture.Encoder is HatLArchitecture hat)
            architecture = architecture with { Encoder = hat with { Layers = 1, Heads = 1 } };
        Assert.True(architecture.Encoder.HasMixedPrecision(gpu));
        int side = architecture.Encoder.SizeMultiple;
        using var cpu = new CpuDevice();
        float[] expected = Features(architecture, cpu, side, ElementType.Float32);
        float[] actual = Features(architecture, gpu, side, ElementType.Float16);
        Check("features", expected, actual, rounds => EmulatedFeatures(architecture, cpu, side, rounds));
    }

    [Theory]
    [InlineData("software", nameof(DecoderKind.Paper), 20, 2, 6, 2)]
    [InlineData("software", nameof(DecoderKind.Enhanced), 12, 2, 4, 2)]
    [InlineData("software of Turing", nameof(DecoderKind.Enhanced), 12, 2, 2, 1)]
    [InlineData("cuda", nameof(DecoderKind.Paper), 20, 2, 6, 2)]
    [InlineData("cuda", nameof(DecoderKind.Enhanced), 12, 2, 4, 2)]
    [InlineData("cuda as Turing", nameof(DecoderKind.Paper), 20, 2, 6, 2)]
    [InlineData("cuda as Turing", nameof(DecoderKind.Enhanced), 12, 2, 4, 2)]
    public void Gaussians_of_float16_are_those_of_float32(string device, string kind, int channels, int heads, int window, int layers)
    {
        GpuDevice gpu = Gpu(device);
        var decoder = new DecoderArchitecture(Enum.Parse<DecoderKind>(kind), InputFeatures: 8, channels, heads, window, 1, layers, 1, layers);
        var architecture = new GsasrArchitecture(SmallModels.Edsr.Encoder, decoder);
        using var cpu = new CpuDevice();
        float[] expected = Gaussians(architecture, cpu, window, ElementType.Float32);
        float[] actual = Gaussians(architecture, gpu, window, ElementType.Float16);
        Check("Gaussians", expected, actual, rounds => EmulatedGaussians(architecture, cpu, window, rounds));
    }

    [Theory]
    [InlineData("edsr")]
    [InlineData("rdn")]
    public void Features_of_the_emulation_without_rounding_are_those_of_float32(string encoder)
    {
        GsasrArchitecture architecture = SmallModels.Architectures.Single(model => model.Encoder.Name == encoder);
        using var cpu = new CpuDevice();
        double error = RelativeError.Of(Features(architecture, cpu, side: 7, ElementType.Float32), EmulatedFeatures(architecture, cpu, side: 7, rounds: false));
        Assert.True(error <= ExactTolerance, $"{error:e2}");
    }

    private static GpuDevice Gpu(string name)
    {
        if (name.StartsWith("software", StringComparison.Ordinal))
            return name == "software" ? SoftwareGpu.Shared : SoftwareGpu.Turing;
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (name == "cuda as Turing")
            return s_turing.Value;
        if (!TensorCores.IsSupported(gpu))
            Assert.Skip($"{gpu.Name} has no tensor cores that the kernels can use.");
        return gpu;
    }

    private static float[] Features(GsasrArchitecture architecture, Device device, int side, ElementType type)
    {
        using Checkpoint checkpoint = SmallModels.Open(architecture, amplitude: 0.4f).Open();
        using Encoder encoder = Encoder.Load(checkpoint, architecture.Encoder, device, type);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        Tensor image = device.Upload(Numbers("image", side * side * 3), side, side, 3);
        Tensor features = arena.Allocate(side, side, encoder.Features, type);
        encoder.Run(image, features, new ForwardPass(arena));
        return Values(features);
    }

    private static float[] Gaussians(GsasrArchitecture architecture, Device device, int side, ElementType type)
    {
        using Checkpoint checkpoint = SmallModels.Open(architecture, amplitude: 0.4f).Open();
        using GaussianDecoder decoder = GaussianDecoder.Load(checkpoint, architecture.Decoder, device, type);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        float[] values = Numbers("features", side * side * architecture.Decoder.InputFeatures);
        Tensor features = arena.Allocate(side, side, architecture.Decoder.InputFeatures, type);
        if (type == ElementType.Float16)
            features.Upload<Half>(Array.ConvertAll(values, value => (Half)value));
        else
            features.Upload<float>(values);
        Tensor gaussians = arena.Allocate(4 * side, 4 * side, GaussianFormat.Raw.Columns);
        var centres = new float[4 * side];
        GridPlacement.ComputeCentres(4 * side, 0, centres);
        Tensor uploaded = device.Upload(centres, 1, 1, 4 * side);
        decoder.Run(
            features,
            4,
            [new DecodedPart(new PixelRectangle(0, 0, side, side), new GridPlacement(4 * side, 4 * side, uploaded, uploaded), gaussians)],
            GaussianDecoder.LargestBandFloats,
            new ForwardPass(arena));
        Assert.False(decoder.TakeOverflow());

        // Means lie on the grid whatever the networks compute; the colours and the shape do not.
        return gaussians.SliceChannels(0, 7).ToArray();
    }

    private static float[] EmulatedFeatures(GsasrArchitecture architecture, CpuDevice cpu, int side, bool rounds)
    {
        using Checkpoint checkpoint = SmallModels.Open(architecture, amplitude: 0.4f).Open();
        var encoder = new AutocastEncoder(new AutocastModule(checkpoint, GsasrArchitecture.EncoderPrefix, cpu, rounds));
        return encoder.Run(new AutocastTensor(side, side, 3, Numbers("image", side * side * 3)), architecture.Encoder).Values;
    }

    private static float[] EmulatedGaussians(GsasrArchitecture architecture, CpuDevice cpu, int side, bool rounds)
    {
        using Checkpoint checkpoint = SmallModels.Open(architecture, amplitude: 0.4f).Open();
        var decoder = new AutocastDecoder(new AutocastModule(checkpoint, GsasrArchitecture.DecoderPrefix, cpu, rounds), architecture.Decoder);
        int features = architecture.Decoder.InputFeatures;
        return decoder.Run(new AutocastTensor(side, side, features, Numbers("features", side * side * features)), 4).Slice(0, 7).Values;
    }

    // Of 8 bits, so that float16 and bfloat16 hold them.
    private static float[] Numbers(string name, int count)
    {
        ulong hash = SeededNumbers.Hash(name);
        return [.. Enumerable.Range(0, count).Select(i => MathF.Floor(128 + 128 * SeededNumbers.Uniform(hash, i)) / 256)];
    }

    private static float[] Values(in Tensor tensor)
    {
        if (tensor.ElementType == ElementType.Float32)
            return tensor.ToArray();
        Assert.True(tensor.IsDense);
        var values = new Half[tensor.Count];
        tensor.Buffer.Download<Half>(values, tensor.ByteOffset);
        return Array.ConvertAll(values, value => (float)value);
    }

    private void Check(string name, float[] expected, float[] actual, Func<bool, float[]> emulate)
    {
        double exact = RelativeError.Of(expected, emulate(false));
        Assert.True(exact <= ExactTolerance, $"The emulation's {name} differ by {exact:e2} of their norm without rounding; {ExactTolerance:e0} is allowed.");
        double float16 = RelativeError.Of(expected, actual);
        double bfloat16 = RelativeError.Of(expected, emulate(true));
        output.WriteLine($"{name}: {float16:e2} of their norm, {bfloat16:e2} with bfloat16, {bfloat16 / float16:0.0} times");
        Assert.True(float16 <= Tolerance, $"{name} differ by {float16:e2} of their norm; {Tolerance:e0} is allowed.");
        Assert.True(LeastFactor * float16 <= bfloat16, $"{name} differ by {float16:e2} of their norm, and by only {bfloat16:e2} with bfloat16.");
    }
}
