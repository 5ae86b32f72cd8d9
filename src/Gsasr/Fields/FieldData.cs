using Gsasr.Raster;

namespace Gsasr.Fields;

/// <summary>A field of Gaussians in memory, with what is needed to draw it.</summary>
internal sealed record FieldData
{
    /// <summary>A dmax with which no box cuts anything off.</summary>
    public const double NoBox = 1000;

    /// <summary>Columns of an activated Gaussian: three colours.</summary>
    public const int ActivatedColumns = GaussianColumns.FirstColour + 3;

    /// <summary>What the columns mean.</summary>
    public required GaussianLayout Layout { get; init; }

    /// <summary>[count, <see cref="Columns"/>].</summary>
    public required float[] Gaussians { get; init; }

    /// <summary>Columns of the described image, 1 to <see cref="MaximumSize"/>.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the described image, 1 to <see cref="MaximumSize"/>.</summary>
    public required int Height { get; init; }

    /// <summary>Columns that means from 0 to 1 span: those of the image and of its padding.</summary>
    public required int CanvasWidth { get; init; }

    /// <summary>Rows that means from 0 to 1 span.</summary>
    public required int CanvasHeight { get; init; }

    /// <summary>The scale for which the Gaussians were made.</summary>
    public required double Scale { get; init; }

    /// <summary>The paper's ratio r.</summary>
    public required double DMax { get; init; }

    /// <summary>Whether sizes are taken as in the published code; see <see cref="UpscalerOptions.PublishedGeometry"/>.</summary>
    public bool PublishedGeometry { get; init; }

    /// <summary>[height, width, 3], the described image where even areas of it are to stay exactly as they are; else null.</summary>
    public float[]? EvenImage { get; init; }

    /// <summary>Whether the described image has no colours.</summary>
    public bool IsGrey { get; init; }

    /// <summary>Bits per channel of the described image, 8 or 16.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>Where the field comes from, for people to read.</summary>
    public string Source { get; init; } = "";

    /// <summary>The largest size of a described image in either direction.</summary>
    public const int MaximumSize = 1 << 20;

    /// <summary>Floats of a Gaussian.</summary>
    public int Columns => ColumnsOf(Layout);

    /// <summary>How many Gaussians there are.</summary>
    public int Count => Gaussians.Length / Columns;

    /// <summary>Floats of a Gaussian.</summary>
    /// <param name="layout">What the columns mean.</param>
    public static int ColumnsOf(GaussianLayout layout) =>
        layout == GaussianLayout.Raw ? Rasterizer.GaussianChannels : ActivatedColumns;
}
