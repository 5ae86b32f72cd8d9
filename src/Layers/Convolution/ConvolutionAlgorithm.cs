namespace Gsasr.Layers;

/// <summary>How a <see cref="Convolution"/> is computed. It is chosen when weights are packed, and packed weights carry it.</summary>
internal enum ConvolutionAlgorithm
{
    /// <summary>One matrix product whose left rows are pixels or neighbourhoods.</summary>
    Product,

    /// <summary><see cref="Layers.Winograd"/>'s minimal filtering.</summary>
    Winograd,

    /// <summary>As <see cref="Product"/>, of numbers in two parts on tensor cores (SplitProduct).</summary>
    Split,
}
