namespace Gsasr.Pipeline;

/// <summary>The stages that an image goes through.</summary>
internal enum PipelineStage
{
    /// <summary>Pixels become floats and go to the device.</summary>
    Conversion,

    /// <summary>The encoder.</summary>
    Encoder,

    /// <summary>The decoder's blocks.</summary>
    DecoderBlocks,

    /// <summary>The decoder's pixel shuffles and the heads that make the Gaussians.</summary>
    Heads,

    /// <summary>Gaussians become sums of colours.</summary>
    Rasteriser,

    /// <summary>Sums become whole numbers.</summary>
    Rounding,

    /// <summary>The pixels come to the host.</summary>
    Download,

    /// <summary>Even areas of the input are put over the drawn pixels.</summary>
    EvenAreas,
}
