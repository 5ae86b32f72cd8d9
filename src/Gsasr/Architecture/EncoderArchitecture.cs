using Gsasr.Checkpoints;

namespace Gsasr.Architecture;

/// <summary>The network that turns an image into features, with every size that its layers depend on.</summary>
public abstract record EncoderArchitecture
{
    private protected EncoderArchitecture(int features) => Features = features;

    /// <summary>The encoder's usual name: "edsr", "rdn", "swin" or "hatl".</summary>
    public abstract string Name { get; }

    /// <summary>Channels of the features that it hands to the decoder.</summary>
    public int Features { get; init; }

    /// <summary>The image's sides must be multiples of this many pixels: the attention window, or 1 without attention.</summary>
    public abstract int SizeMultiple { get; }

    /// <summary>The most floats that the encoder's own activations take at once, for each pixel of its input.</summary>
    internal abstract long WorkingFloatsPerPixel { get; }

    /// <summary>Adds all tensors of the encoder.</summary>
    internal abstract void Describe(TensorPlan plan);

    /// <summary>Tells the four encoders apart by a name that only one of them has, and reads its sizes.</summary>
    internal static EncoderArchitecture Recognise(TensorShapes shapes, string source) =>
        (EncoderArchitecture?)EdsrArchitecture.TryRecognise(shapes)
        ?? RdnArchitecture.TryRecognise(shapes)
        ?? (EncoderArchitecture?)SwinIrArchitecture.TryRecognise(shapes)
        ?? HatLArchitecture.TryRecognise(shapes)
        ?? throw new CheckpointFormatException(
            $"{source}: the encoder is none of those that GSASR is known with (EDSR, RDN, SwinIR, HAT-L).");
}
