namespace Gsasr.Layers;

/// <summary>How a <see cref="Convolution"/> is computed. It is chosen once, when weights are packed, and read where they are used.</summary>
internal enum ConvolutionAlgorithm
{
    /// <summary>One matrix product whose left rows are pixels or neighbourhoods.</summary>
    Product,

    /// <summary><see cref="Layers.Winograd"/>'s minimal filtering.</summary>
    Winograd,
}
