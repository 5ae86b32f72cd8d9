using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>A linear layer whose input is normalised first, and where its results go: y = weights * norm(x) + bias.</summary>
/// <param name="Weights">The normalisation, and C -> outputs.</param>
/// <param name="Y">[height, width, outputs], overwritten.</param>
/// <param name="Normal">Room for the normalised pixels, [height, width, C], where they have to be stored.</param>
internal readonly record struct NormalizedLinear(NormalizedWeights Weights, Tensor Y, Tensor Normal)
{
    /// <summary>Runs the layer.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public void Run(in Tensor x)
    {
        RequireFits(x);
        if (x.Device is GpuDevice gpu && Float16FeedForwardGpu.KernelFor(gpu, x, Weights) is { } kernel)
        {
            Float16FeedForwardGpu.Run(gpu, kernel, x, Weights, Y);
            return;
        }

        LayerNorm.Run(x, Weights.Gamma, Weights.Beta, Normal);
        Convolution.Run(Normal, Weights.Layer, Y);
    }

    /// <summary>Throws unless there is a result for every pixel.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <exception cref="ArgumentException">There is not.</exception>
    public void RequireFits(in Tensor x)
    {
        if (Y.Height != x.Height || Y.Width != x.Width || Y.Channels != Weights.Layer.OutputChannels)
            throw new ArgumentException($"A linear layer to {Weights.Layer.OutputChannels} channels cannot turn {x} into {Y}.");
    }
}
