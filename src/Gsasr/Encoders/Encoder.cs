using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>The first network of GSASR: from an image to a feature vector for each of its pixels.</summary>
internal abstract class Encoder : IDisposable
{
    private readonly WeightReader _weights;

    /// <summary>Takes over the weights.</summary>
    /// <param name="weights">The reader that loads, and will release, this encoder's weights.</param>
    /// <param name="features">Channels of the result.</param>
    protected Encoder(WeightReader weights, int features)
    {
        _weights = weights;
        Features = features;
    }

    /// <summary>Channels of the result.</summary>
    public int Features { get; }

    /// <summary>The element type of the features.</summary>
    public ElementType ElementType => _weights.ElementType;

    /// <summary>Loads the encoder of a checkpoint.</summary>
    /// <param name="checkpoint">A checkpoint of that architecture.</param>
    /// <param name="architecture">The recognised encoder.</param>
    /// <param name="device">The device that will run it.</param>
    /// <param name="elementType">The element type of products and of the features.</param>
    /// <param name="meter">Told of every tensor that is read; null for nobody.</param>
    public static Encoder Load(
        Checkpoint checkpoint,
        EncoderArchitecture architecture,
        Device device,
        ElementType elementType = ElementType.Float32,
        LoadingMeter? meter = null)
    {
        var weights = new WeightReader(checkpoint, GsasrArchitecture.EncoderPrefix, device, elementType, meter);
        try
        {
            return architecture.Load(weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Computes the features of an image.</summary>
    /// <param name="image">[height, width, 3] of float32, values of 0 to 1, padded to the encoder's multiple.</param>
    /// <param name="features">[height, width, Features] of <see cref="ElementType"/>, overwritten.</param>
    /// <param name="pass">Memory and progress.</param>
    public abstract void Run(in Tensor image, in Tensor features, ForwardPass pass);

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();

    /// <summary>
    /// Runs the layer that sees the image, always in float32: the image has three channels, and tensor cores take eight at a time.
    /// </summary>
    /// <param name="image">[height, width, 3] of float32.</param>
    /// <param name="layer">The layer's weights, of float32.</param>
    /// <param name="y">[height, width, channels] of <see cref="ElementType"/>, overwritten.</param>
    /// <param name="arena">Memory for the exact values, if those of y are rounded.</param>
    protected static void RunFirst(in Tensor image, ConvolutionWeights layer, in Tensor y, Arena arena)
    {
        if (y.ElementType == ElementType.Float32)
        {
            Convolution.Run(image, layer, y);
            return;
        }

        using Arena.Scope scope = arena.BeginScope();
        Tensor exact = arena.Allocate(y.Height, y.Width, y.Channels);
        Convolution.Run(image, layer, exact);
        Elementwise.Round(exact, y);
    }
}
