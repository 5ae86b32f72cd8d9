namespace Gsasr.Layers.Tests;

/// <summary>How a tensor of a test lies in its memory.</summary>
public enum Layout
{
    /// <summary>Its pixels follow each other without a gap.</summary>
    Dense,

    /// <summary>It is some of the channels of a wider tensor, and starts at an odd one.</summary>
    Slice,
}
