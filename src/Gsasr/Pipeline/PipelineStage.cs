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

/// <summary>Names of stages.</summary>
internal static class PipelineStages
{
    /// <summary>A stage's name, for people to read.</summary>
    /// <param name="stage">The stage.</param>
    public static string Describe(this PipelineStage stage) => stage switch
    {
        PipelineStage.Conversion => "conversion and upload",
        PipelineStage.Encoder => "encoder",
        PipelineStage.DecoderBlocks => "decoder blocks",
        PipelineStage.Heads => "upsampling and heads",
        PipelineStage.Rasteriser => "rasteriser",
        PipelineStage.Rounding => "rounding",
        PipelineStage.Download => "download",
        _ => "even areas",
    };
}
