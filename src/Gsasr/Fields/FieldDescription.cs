using Gsasr.Pipeline;
using Gsasr.Raster;

namespace Gsasr.Fields;

/// <summary>What is needed to draw the Gaussians of a field, apart from the Gaussians.</summary>
internal record FieldDescription
{
    /// <summary>A dmax with which no box cuts anything off.</summary>
    public const double NoBox = 1000;

    /// <summary>The largest size of a described image in either direction.</summary>
    public const int MaximumSize = 1 << 20;

    // Pixels of the described image. If a box reaches less than this, one sees what it cuts off. At the usual dmax images are padded so
    // that this does not happen (ImageGeometry.LeastPaddedSide); with a smaller dmax it can.
    private const double HarmfulReach = 1.7;

    // Farther than any Gaussian is drawn.
    private const double UnboundedReach = 6;

    /// <summary>What the columns mean.</summary>
    public required GaussianLayout Layout { get; init; }

    /// <summary>Columns of the described image, 1 to <see cref="MaximumSize"/>.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the described image, 1 to <see cref="MaximumSize"/>.</summary>
    public required int Height { get; init; }

    /// <summary>
    /// Columns that means from 0 to 1 span, from the image's first on: as many as the image and its padding have. Means of padding at the
    /// left are below 0.
    /// </summary>
    public required int CanvasWidth { get; init; }

    /// <summary>Rows that means from 0 to 1 span, likewise.</summary>
    public required int CanvasHeight { get; init; }

    /// <summary>The scale for which the Gaussians were made.</summary>
    public required double Scale { get; init; }

    /// <summary>The paper's ratio r.</summary>
    public required double DMax { get; init; }

    /// <summary>Whether sizes are taken as in the published code; see <see cref="UpscalerOptions.PublishedGeometry"/>.</summary>
    public bool PublishedGeometry { get; init; }

    /// <summary>Whether the described image has no colours.</summary>
    public bool IsGrey { get; init; }

    /// <summary>Bits per channel of the described image, 8 or 16.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>Where the field comes from, for people to read.</summary>
    public string Source { get; init; } = "";

    /// <summary>The sizes of the image and of its output at the scale that the Gaussians were made for.</summary>
    public ImageGeometry Geometry => new(Width, Height, Scale, CanvasWidth, CanvasHeight);

    /// <summary>The canvas at the scale that the Gaussians were made for.</summary>
    public RasterSettings Canvas()
    {
        // The output's size is rounded down, so that the scale of each axis is a little smaller than the one asked for.
        ImageGeometry geometry = Geometry;
        return Canvas(Scale, geometry.RatioX, geometry.RatioY);
    }

    /// <summary>The canvas at a true scale of each axis, or as the published code has it for the scale asked for.</summary>
    /// <param name="scale">The scale asked for.</param>
    /// <param name="scaleX">Canvas columns per column of the described image.</param>
    /// <param name="scaleY">Canvas rows per row of the described image.</param>
    public RasterSettings Canvas(double scale, double scaleX, double scaleY) => PublishedGeometry
        ? new((float)Math.Max(1, Math.Floor(scale * CanvasWidth)), (float)Math.Max(1, Math.Floor(scale * CanvasHeight)), scale, DMax)
        {
            Layout = Layout,
        }
        : new(
            (float)(scaleX * CanvasWidth),
            (float)(scaleY * CanvasHeight),
            scaleX,
            DMax,
            ScaleY: scaleY,
            LeastReach: DMax * Math.Min(CanvasWidth - 1 / scaleX, CanvasHeight - 1 / scaleY) / 2 < HarmfulReach ? UnboundedReach : 0)
        {
            Layout = Layout,
        };
}
