namespace Gsasr.Architecture;

/// <summary>The two generations of the published decoder.</summary>
internal enum DecoderKind
{
    /// <summary>That of the paper: relative position bias tables.</summary>
    Paper,

    /// <summary>The later one: rotary position embedding, a 3x3 convolution closing every block and one after all of them.</summary>
    Enhanced,
}
