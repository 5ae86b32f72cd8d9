namespace Gsasr.Layers;

/// <summary>
/// The left matrix of a product. A row is <see cref="Runs"/> stretches of <see cref="RunLength"/> floats: one for a linear
/// layer, three (the image rows above, at and below) for a 3x3 convolution.
/// </summary>
internal unsafe struct ProductRows
{
    /// <summary>The first row. At least <see cref="ProductCpu.TileRows"/> rows must be readable, even if fewer are multiplied.</summary>
    public float* First;

    /// <summary>Floats from one row to the next.</summary>
    public nint Stride;

    /// <summary>Floats in a stretch of a row.</summary>
    public int RunLength;

    /// <summary>Floats from one stretch to the next.</summary>
    public nint RunStride;

    /// <summary>Stretches in a row.</summary>
    public int Runs;

    /// <summary>Terms of one dot product.</summary>
    public readonly int Depth => RunLength * Runs;
}
