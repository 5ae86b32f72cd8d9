using Gsasr.Fields;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>The Gaussians that a picture is drawn from, and how.</summary>
/// <param name="Colours">Gaussians of the colours, [rows, columns, channels of the layout].</param>
/// <param name="Description">How to draw them.</param>
/// <param name="EvenColours">The even areas of the colours, if there are any to be kept.</param>
internal readonly record struct DrawnPicture(Tensor Colours, FieldDescription Description, EvenAreas? EvenColours)
{
    /// <summary>Gaussians of alpha; null where all pixels are opaque.</summary>
    public Tensor? Alpha { get; init; }

    /// <summary>The even areas of alpha, if there are any to be kept.</summary>
    public EvenAreas? EvenAlpha { get; init; }

    /// <summary>Whether colours are drawn as greys.</summary>
    public bool IsNeutral { get; init; }

    /// <summary>How many images are drawn: colours, and alpha where it is not opaque.</summary>
    public int Images => Alpha is null ? 1 : 2;
}
