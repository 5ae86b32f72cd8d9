using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fields;

/// <summary>A field of Gaussians in the host's memory, as files hold it.</summary>
internal sealed record FieldData : FieldDescription
{
    /// <summary>Describes a field whose Gaussians follow.</summary>
    public FieldData()
    {
    }

    /// <summary>Adds the Gaussians to a description.</summary>
    /// <param name="description">The description.</param>
    /// <param name="gaussians">[count, <see cref="Columns"/>].</param>
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public FieldData(FieldDescription description, float[] gaussians)
        : base(description) => Gaussians = gaussians;

    /// <summary>[count, <see cref="Columns"/>].</summary>
    public required float[] Gaussians { get; init; }

    /// <summary>[height, width, 3], the described image where even areas of it are to stay exactly as they are; else null.</summary>
    public float[]? EvenImage { get; init; }

    /// <summary>Floats of a Gaussian.</summary>
    public int Columns => ColumnsOf(Layout);

    /// <summary>How many Gaussians there are.</summary>
    public int Count => Gaussians.Length / Columns;

    /// <summary>Floats of a Gaussian.</summary>
    /// <param name="layout">What the columns mean.</param>
    public static int ColumnsOf(GaussianLayout layout) =>
        layout == GaussianLayout.Raw ? GaussianFormat.Raw.Columns : GaussianFormat.Activated.ColumnsOfRgb;
}
