using Gsasr.Architecture;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>RDN without its upsampler: blocks of densely connected 3x3 convolutions, fused within and across blocks.</summary>
/// <param name="Features">Channels between the blocks.</param>
/// <param name="Blocks">Dense blocks.</param>
/// <param name="Layers">Convolutions per block, each fed by the block's input and all earlier ones.</param>
/// <param name="Growth">Channels that each of them adds.</param>
internal sealed record RdnArchitecture(int Features, int Blocks, int Layers, int Growth) : EncoderArchitecture(Features)
{
    /// <inheritdoc/>
    public override string Name => "rdn";

    /// <inheritdoc/>
    public override int SizeMultiple => 1;

    /// <summary>How such an encoder is recognised.</summary>
    internal static EncoderKind Kind { get; } = new("RDN", "SFENet1.weight", TryRecognise);

    internal override string Description => $"RDN, {Features} features, {Blocks} blocks of {Layers} layers, growth {Growth}";

    // Shallow and fused features, and the channels of two blocks side by side.
    internal override long WorkingFloatsPerPixel => 2L * Features + 2L * (Features + Layers * Growth);

    internal override bool HasMixedPrecision(GpuDevice device) => TensorCores.Supports(Features) && TensorCores.Supports(Growth);

    internal override Encoder Load(WeightReader weights) => new RdnEncoder(weights, this);

    internal override void Describe(TensorPlan plan)
    {
        plan.Convolution("SFENet1", 3, Features);
        plan.Convolution("SFENet2", Features, Features);
        for (int block = 0; block < Blocks; block++)
        {
            for (int layer = 0; layer < Layers; layer++)
                plan.Convolution($"RDBs.{block}.convs.{layer}.conv.0", Features + (layer * Growth), Growth);
            plan.Convolution($"RDBs.{block}.LFF", Features + (Layers * Growth), Features, kernel: 1);
        }

        plan.Convolution("GFF.0", Blocks * Features, Features, kernel: 1);
        plan.Convolution("GFF.1", Features, Features);
    }

    private static RdnArchitecture? TryRecognise(TensorShapes shapes) => shapes.Has("SFENet1.weight")
        ? new RdnArchitecture(
            shapes.Extent("SFENet1.weight", rank: 4, axis: 0),
            shapes.Repeats("RDBs"),
            shapes.Repeats("RDBs.0.convs"),
            shapes.Extent("RDBs.0.convs.0.conv.0.weight", rank: 4, axis: 0))
        : null;
}
