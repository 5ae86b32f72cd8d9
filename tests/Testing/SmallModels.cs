using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Encoders;
using Gsasr.Tensors;

namespace Gsasr.Testing;

/// <summary>Tiny models with seeded weights, one for each encoder.</summary>
internal static class SmallModels
{
    /// <summary>Their decoder.</summary>
    public static DecoderArchitecture Decoder { get; } = new(DecoderKind.Enhanced, InputFeatures: 8, Channels: 8, Heads: 2, WindowSize: 12, 1, 1, 1, 2);

    /// <summary>EDSR, the quickest.</summary>
    public static GsasrArchitecture Edsr { get; } = new(new EdsrArchitecture(Features: 8, Blocks: 1), Decoder);

    /// <summary>One model for each encoder.</summary>
    public static IReadOnlyList<GsasrArchitecture> Architectures { get; } =
    [
        Edsr,
        new(new RdnArchitecture(Features: 8, Blocks: 2, Layers: 2, Growth: 8), Decoder),
        new(new SwinIrArchitecture(Features: 8, Channels: 12, Groups: 2, Layers: 2, Heads: 2, WindowSize: 8, MlpChannels: 24), Decoder),
        new(new HatLArchitecture(Features: 8, Channels: 12, Groups: 1, Layers: 2, Heads: 2, MlpChannels: 24, CompressedChannels: 4, SqueezedChannels: 2), Decoder),
    ];

    /// <summary>A model of an architecture, whose weights are the same every time.</summary>
    public static GsasrModel Open(GsasrArchitecture architecture, IReadOnlyList<EncoderKind>? encoders = null, float amplitude = 0.1f)
    {
        MemoryCheckpoint weights = Weights(architecture, amplitude);
        return new GsasrModel(() => weights, encoders);
    }

    /// <summary>Writes the model of <see cref="Edsr"/> into a file, for programs that take one.</summary>
    /// <returns>The file.</returns>
    public static string Write(string path)
    {
        SafetensorsWriter.Write(path, Weights(Edsr, amplitude: 0.1f), new Dictionary<string, string>(), overwrite: false);
        return path;
    }

    private static MemoryCheckpoint Weights(GsasrArchitecture architecture, float amplitude)
    {
        var checkpoint = new MemoryCheckpoint();
        foreach (ExpectedTensor tensor in architecture.ExpectedTensors().Where(tensor => tensor.Role == TensorRole.Parameter))
        {
            ulong seed = SeededNumbers.Hash(tensor.Name);
            float[] values = [.. Enumerable.Range(0, (int)tensor.ParameterCount).Select(i => amplitude * SeededNumbers.Uniform(seed, i))];
            checkpoint.Set<float>(tensor.Name, ElementType.Float32, [.. tensor.Shape], values);
        }

        // Any entry of the bias table for any pair of tokens.
        foreach (ExpectedTensor tensor in architecture.ExpectedTensors().Where(tensor => tensor.Role == TensorRole.IndexTable))
        {
            int entries = (2 * architecture.Decoder.WindowSize - 1) * (2 * architecture.Decoder.WindowSize - 1);
            long[] values = [.. Enumerable.Range(0, tensor.Shape[0] * tensor.Shape[1]).Select(i => i * 31L % entries)];
            checkpoint.Set<long>(tensor.Name, ElementType.Int64, [.. tensor.Shape], values);
        }

        return checkpoint;
    }
}
