using Gsasr.Architecture;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>EDSR without its upsampler: residual blocks of two 3x3 convolutions between a first and a last one.</summary>
/// <param name="Features">Channels throughout.</param>
/// <param name="Blocks">Residual blocks.</param>
internal sealed record EdsrArchitecture(int Features, int Blocks) : EncoderArchitecture(Features)
{
    /// <inheritdoc/>
    public override string Name => "edsr";

    /// <inheritdoc/>
    public override int SizeMultiple => 1;

    /// <summary>How such an encoder is recognised.</summary>
    internal static EncoderKind Kind { get; } = new("EDSR", "conv_first.weight", TryRecognise);

    internal override string Description => $"EDSR, {Features} features, {Blocks} blocks";

    // The shallow features, and two tensors that a block works with.
    internal override long WorkingFloatsPerPixel => 3L * Features;

    internal override bool HasMixedPrecision(GpuDevice device) => TensorCores.Supports(Features);

    internal override Encoder Load(WeightReader weights) => new EdsrEncoder(weights, this);

    internal override void Describe(TensorPlan plan)
    {
        plan.Convolution("conv_first", 3, Features);
        for (int block = 0; block < Blocks; block++)
        {
            plan.Convolution($"body.{block}.conv1", Features, Features);
            plan.Convolution($"body.{block}.conv2", Features, Features);
        }

        plan.Convolution("conv_after_body", Features, Features);
    }

    private static EdsrArchitecture? TryRecognise(TensorShapes shapes) => shapes.Has("body.0.conv1.weight")
        ? new EdsrArchitecture(shapes.Extent("conv_first.weight", rank: 4, axis: 0), shapes.Repeats("body"))
        : null;
}
