using Gsasr.Architecture;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>The network that turns an image into features, with every size that its layers depend on.</summary>
internal abstract record EncoderArchitecture
{
    private protected EncoderArchitecture(int features) => Features = features;

    /// <summary>The encoder's usual name: "edsr", "rdn", "swin", "hatl".</summary>
    public abstract string Name { get; }

    /// <summary>Channels of the features that it hands to the decoder.</summary>
    public int Features { get; init; }

    /// <summary>The image's sides must be multiples of this many pixels: the attention window, or 1 without attention.</summary>
    public abstract int SizeMultiple { get; }

    /// <summary>The encoder and its sizes for people to read, as in "EDSR, 64 features, 16 blocks".</summary>
    internal abstract string Description { get; }

    /// <summary>The most floats that the encoder's own activations take at once, for each pixel of its input.</summary>
    internal abstract long WorkingFloatsPerPixel { get; }

    /// <summary>Whether a device can multiply float16 in all its layers.</summary>
    /// <param name="device">A device with layers of float16.</param>
    internal virtual bool HasMixedPrecision(GpuDevice device) => false;

    /// <summary>Adds all layers of the encoder: their tensors, and what they compute for each pixel.</summary>
    internal abstract void Describe(TensorPlan plan);

    /// <summary>Loads the encoder's weights.</summary>
    /// <param name="weights">Their reader; owned by the encoder from now on.</param>
    internal abstract Encoder Load(WeightReader weights);
}
