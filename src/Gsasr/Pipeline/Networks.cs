using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Pipeline;

/// <summary>A model's two networks on a device.</summary>
/// <param name="Encoder">From an image to features.</param>
/// <param name="Decoder">From features to Gaussians.</param>
internal sealed record Networks(Encoder Encoder, GaussianDecoder Decoder) : IDisposable
{
    /// <summary>Loads the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The device.</param>
    /// <param name="elementType">What is multiplied.</param>
    /// <param name="meter">Told of every tensor that is read; null for nobody.</param>
    public static Networks Load(GsasrModel model, Device device, ElementType elementType, LoadingMeter? meter = null)
    {
        using Checkpoint checkpoint = model.Open();
        Encoder encoder = Encoder.Load(checkpoint, model.Architecture.Encoder, device, elementType, meter);
        try
        {
            return new Networks(encoder, GaussianDecoder.Load(checkpoint, model.Architecture.Decoder, device, elementType, meter));
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Decoder.Dispose();
        Encoder.Dispose();
    }
}
