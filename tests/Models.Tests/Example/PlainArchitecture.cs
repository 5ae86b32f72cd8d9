using Gsasr.Architecture;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>A chain of 3x3 convolutions with rectifiers between them.</summary>
/// <param name="Features">Channels throughout.</param>
/// <param name="Layers">Convolutions after the first one.</param>
internal sealed record PlainArchitecture(int Features, int Layers) : EncoderArchitecture(Features)
{
    /// <inheritdoc/>
    public override string Name => "plain";

    /// <inheritdoc/>
    public override int SizeMultiple => 1;

    /// <summary>How such an encoder is recognised.</summary>
    internal static EncoderKind Kind { get; } = new("Plain", "stem.weight", TryRecognise);

    internal override string Description => $"Plain, {Features} features, {Layers} layers";

    // The features before a convolution and after it.
    internal override long WorkingFloatsPerPixel => 2L * Features;

    internal override void Describe(TensorPlan plan)
    {
        plan.Convolution("stem", 3, Features);
        for (int layer = 0; layer < Layers; layer++)
            plan.Convolution($"chain.{layer}", Features, Features);
    }

    internal override Encoder Load(WeightReader weights) => new PlainEncoder(weights, this);

    private static PlainArchitecture? TryRecognise(TensorShapes shapes) => shapes.Has("stem.weight")
        ? new PlainArchitecture(shapes.Extent("stem.weight", rank: 4, axis: 0), shapes.Repeats("chain"))
        : null;
}
