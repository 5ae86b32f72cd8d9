using Gsasr.Layers;

namespace Gsasr.Architecture;

/// <summary>
/// The multiply-adds that a model spends on each pixel of its padded input, products of the attention and of all layers
/// counted, normalisations and activations not. One multiply-add is two floating-point operations.
/// </summary>
public static class NetworkCost
{
    /// <summary>Multiply-adds of encoder and decoder together.</summary>
    /// <param name="architecture">The model.</param>
    public static double MultiplyAddsPerPixel(GsasrArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return EncoderMultiplyAddsPerPixel(architecture.Encoder) + DecoderMultiplyAddsPerPixel(architecture.Decoder);
    }

    /// <summary>Multiply-adds of an encoder.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <exception cref="ArgumentException">The encoder is of a kind that is not known here.</exception>
    public static double EncoderMultiplyAddsPerPixel(EncoderArchitecture encoder)
    {
        switch (encoder)
        {
            case EdsrArchitecture edsr:
                return Convolution(3, edsr.Features) + (2 * edsr.Blocks + 1) * Convolution(edsr.Features, edsr.Features);
            case RdnArchitecture rdn:
                double dense = 0;
                for (int layer = 0; layer < rdn.Layers; layer++)
                    dense += Convolution(rdn.Features + layer * rdn.Growth, rdn.Growth);
                // Local fusion, and the block's share of the global one.
                dense += (rdn.Features + rdn.Layers * rdn.Growth + rdn.Features) * (double)rdn.Features;
                return Convolution(3, rdn.Features) + 2 * Convolution(rdn.Features, rdn.Features) + rdn.Blocks * dense;
            case SwinIrArchitecture swin:
                double layerCost = Transformer(swin.Channels, swin.WindowSize * swin.WindowSize, swin.MlpChannels);
                return Frame(swin.Channels, swin.Features)
                    + swin.Groups * (swin.Layers * layerCost + Convolution(swin.Channels, swin.Channels));
            case HatLArchitecture hat:
                int keys = HatLArchitecture.WindowSize * HatLArchitecture.WindowSize;
                int overlappingKeys = HatLArchitecture.OverlappingWindowSize * HatLArchitecture.OverlappingWindowSize;
                double hybrid = Transformer(hat.Channels, keys, hat.MlpChannels) + 2 * Convolution(hat.Channels, hat.CompressedChannels);
                double overlapping = Transformer(hat.Channels, overlappingKeys, hat.MlpChannels);
                return Frame(hat.Channels, hat.Features)
                    + hat.Groups * (hat.Layers * hybrid + overlapping + Convolution(hat.Channels, hat.Channels));
            default:
                throw new ArgumentException($"The cost of the encoder {encoder?.Name} is not known.", nameof(encoder));
        }
    }

    /// <summary>Multiply-adds of a decoder.</summary>
    /// <param name="decoder">The decoder.</param>
    public static double DecoderMultiplyAddsPerPixel(DecoderArchitecture decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        double channels = decoder.Channels;
        // Queries, keys, values and their projection, scores and sums, and two networks C -> C -> C.
        double layer = 4 * channels * channels + 2 * decoder.Seeds * channels + 4 * channels * channels;
        double convolution = Convolution(decoder.Channels, decoder.Channels);
        double blockEnd = 2 * channels * channels + (decoder.Kind == DecoderKind.Enhanced ? convolution : 0);
        double blocks = decoder.CrossBlocks * (decoder.CrossLayers * layer + blockEnd) + decoder.SelfBlocks * (decoder.SelfLayers * layer + blockEnd);
        double project = Convolution(decoder.InputFeatures, decoder.Channels) + convolution;
        double final = decoder.Kind == DecoderKind.Enhanced ? convolution : 0;
        double upsample = (1 + 4) * 4 * convolution;
        double heads = 16 * (GaussianHeadsWeights.HeadCount * 5 * channels * channels + 4 * channels * GaussianHeadsWeights.OutputCount);
        return project + blocks + final + upsample + heads;
    }

    private static double Convolution(int inputs, int outputs) => 9.0 * inputs * outputs;

    private static double Transformer(int channels, int keys, int hidden) =>
        4.0 * channels * channels + 2.0 * keys * channels + 2.0 * channels * hidden;

    // The convolutions around the groups of a transformer.
    private static double Frame(int channels, int features) =>
        Convolution(3, channels) + Convolution(channels, channels) + Convolution(channels, features);
}
