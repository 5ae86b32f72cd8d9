namespace Gsasr.Pipeline;

/// <summary>
/// All sizes of an image on its way through the networks to its pixels, computed once: the input's, those of the padded input, and the
/// output's.
/// </summary>
internal readonly record struct ImageGeometry
{
    /// <summary>
    /// A padded side has at least this many pixels. The box of a Gaussian is a share of the padded image, with the usual dmax 1.75 pixels
    /// at this size. If the box is smaller, one sees what it cuts off (docs/models.md).
    /// </summary>
    public const int LeastPaddedSide = 36;

    /// <summary>Describes an image whose padded size is known, at one scale for both axes.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="paddedWidth">Columns with the padding.</param>
    /// <param name="paddedHeight">Rows with the padding.</param>
    public ImageGeometry(int width, int height, double scale, int paddedWidth, int paddedHeight)
    {
        Width = DrawnWidth = width;
        Height = DrawnHeight = height;
        Scale = scale;
        PaddedWidth = paddedWidth;
        PaddedHeight = paddedHeight;
        OutputWidth = (int)Math.Floor(scale * width);
        OutputHeight = (int)Math.Floor(scale * height);
    }

    /// <summary>Columns of the input, including those of a margin around the picture.</summary>
    public int Width { get; }

    /// <summary>Rows of the input, likewise.</summary>
    public int Height { get; }

    /// <summary>The scale that the networks are told: output pixels per input pixel.</summary>
    public double Scale { get; }

    /// <summary>Columns with the padding.</summary>
    public int PaddedWidth { get; }

    /// <summary>Rows with the padding.</summary>
    public int PaddedHeight { get; }

    /// <summary>Columns of the padding before the first one of the input; 0 unless the input is narrow.</summary>
    public int PaddingLeft { get; private init; }

    /// <summary>Rows of the padding before the first one of the input, likewise.</summary>
    public int PaddingTop { get; private init; }

    /// <summary>Columns of the output, floor(Scale * Width) unless a size was asked for.</summary>
    public int OutputWidth { get; private init; }

    /// <summary>Rows of the output, likewise.</summary>
    public int OutputHeight { get; private init; }

    /// <summary>Columns of the input, and rows, before the first one that is drawn.</summary>
    public int Margin { get; private init; }

    /// <summary>Columns of the input that are drawn.</summary>
    public int DrawnWidth { get; private init; }

    /// <summary>Rows of the input that are drawn.</summary>
    public int DrawnHeight { get; private init; }

    /// <summary>How a picture that wraps is put together; null for one that does not.</summary>
    public PictureFold? Fold { get; private init; }

    /// <summary>Which part of a larger picture this is; null for a whole one.</summary>
    public PictureCut? Cut { get; private init; }

    /// <summary>
    /// The first column of the output that is drawn. A picture that wraps is drawn from further right, and beyond its right edge.
    /// </summary>
    public int FirstOutputColumn => Fold?.Columns.First ?? 0;

    /// <summary>The column after the last one that is drawn.</summary>
    public int EndOutputColumn => Fold?.Columns.End ?? OutputWidth;

    /// <summary>The first row of the output that is drawn.</summary>
    public int FirstOutputRow => Fold?.Rows.First ?? 0;

    /// <summary>The row after the last one that is drawn.</summary>
    public int EndOutputRow => Fold?.Rows.End ?? OutputHeight;

    /// <summary>
    /// Whether the padding repeats the first and the last column where it is reflected; see <see cref="ReflectedImage"/>.
    /// </summary>
    public bool RepeatsLastColumn { get; private init; }

    /// <summary>Whether the padding repeats the first and the last row.</summary>
    public bool RepeatsLastRow { get; private init; }

    /// <summary>Pixels with the padding.</summary>
    public long PaddedPixels => (long)PaddedWidth * PaddedHeight;

    /// <summary>Output columns per input column: a little less than the scale if the output's size was rounded down.</summary>
    public double RatioX => Cut?.RatioX ?? (double)OutputWidth / DrawnWidth;

    /// <summary>Output rows per input row.</summary>
    public double RatioY => Cut?.RatioY ?? (double)OutputHeight / DrawnHeight;

    /// <summary>Output columns from the left edge of the canvas to the first one of the output; of a part it need not be a whole number.</summary>
    public double CanvasLeft => Cut is PictureCut cut ? cut.Kept.Left - cut.Input.Left * RatioX : Margin * RatioX;

    /// <summary>Output rows from the top of the canvas to the first one of the output, likewise.</summary>
    public double CanvasTop => Cut is PictureCut cut ? cut.Kept.Top - cut.Input.Top * RatioY : Margin * RatioY;

    /// <summary>
    /// Describes an image that is padded at the right and at the bottom. A side that would have fewer than <see cref="LeastPaddedSide"/>
    /// pixels with its padding is padded to at least that many, on both of its sides, and its first and last pixel are repeated, unless
    /// all is to be as in the published code.
    /// </summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="multiple">Both padded sizes are multiples of this.</param>
    /// <param name="asPublished">Whether small images are padded only to the next multiple.</param>
    public static ImageGeometry Padded(int width, int height, double scale, int multiple, bool asPublished)
    {
        int paddedWidth = ReflectedImage.PaddedSize(width, multiple);
        int paddedHeight = ReflectedImage.PaddedSize(height, multiple);
        bool isNarrow = !asPublished && paddedWidth < LeastPaddedSide;
        bool isLow = !asPublished && paddedHeight < LeastPaddedSide;
        int least = ReflectedImage.PaddedSize(LeastPaddedSide, multiple);
        return new(width, height, scale, isNarrow ? least : paddedWidth, isLow ? least : paddedHeight)
        {
            // In the middle, so that both edges are as far from where the padding ends. There the networks' windows go on at the opposite
            // edge, and what they see across it changes the mean of a few pixels by several levels. The middle of a larger padding lies at
            // the same place of a window: half of two windows more.
            PaddingLeft = isNarrow ? (least - width) / 2 : 0,
            PaddingTop = isLow ? (least - height) / 2 : 0,
            RepeatsLastColumn = isNarrow,
            RepeatsLastRow = isLow,
        };
    }

    /// <summary>
    /// Describes a picture that stands among repetitions of itself. The margin around all that is drawn consists of such repetitions (<see
    /// cref="PictureFold"/>), and there is no other padding.
    /// </summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="multiple">Both sizes with the margins are multiples of this, and so is the margin at the left and at the top.</param>
    /// <param name="margin">Pixels of the margin at least.</param>
    /// <param name="outputWidth">Columns of the output.</param>
    /// <param name="outputHeight">Rows of the output.</param>
    public static ImageGeometry Wrapped(int width, int height, double scale, int multiple, int margin, int outputWidth, int outputHeight)
    {
        int first = ReflectedImage.PaddedSize(margin, multiple);
        int wholeWidth = ReflectedImage.PaddedSize(first + width + PictureFold.Reach + margin, multiple);
        int wholeHeight = ReflectedImage.PaddedSize(first + height + PictureFold.Reach + margin, multiple);
        return new ImageGeometry(wholeWidth, wholeHeight, scale, wholeWidth, wholeHeight) with
        {
            Margin = first,
            DrawnWidth = width,
            DrawnHeight = height,
            OutputWidth = outputWidth,
            OutputHeight = outputHeight,
            Fold = new PictureFold(AxisFold.Of(width, outputWidth), AxisFold.Of(height, outputHeight)),
        };
    }

    /// <summary>The same image drawn at another size, with a factor of its own for each axis.</summary>
    /// <param name="outputWidth">Columns of the output.</param>
    /// <param name="outputHeight">Rows of the output.</param>
    public ImageGeometry DrawnAs(int outputWidth, int outputHeight) => this with { OutputWidth = outputWidth, OutputHeight = outputHeight };

    /// <summary>
    /// The same input as a part of a larger one, of which a part is drawn. Along an axis on which it is not all of the larger one, its
    /// windows are those of the larger one, so that it stays where it is.
    /// </summary>
    /// <param name="cut">Which parts.</param>
    public ImageGeometry AsPart(in PictureCut cut) => this with
    {
        OutputWidth = cut.Kept.Width,
        OutputHeight = cut.Kept.Height,
        PaddingLeft = cut.Whole.Width == Width ? PaddingLeft : 0,
        PaddingTop = cut.Whole.Height == Height ? PaddingTop : 0,
        Cut = cut,
    };

    /// <summary>The first output column that belongs to a column of the padded input or lies to its right.</summary>
    /// <param name="column">The column.</param>
    public int OutputColumn(int column) => (int)Math.Clamp(
        Cut?.OutputColumn(column - PaddingLeft) ?? (long)(column - PaddingLeft - Margin) * OutputWidth / DrawnWidth, FirstOutputColumn, EndOutputColumn);

    /// <summary>The first output row that belongs to a row of the padded input or lies below it.</summary>
    /// <param name="row">The row.</param>
    public int OutputRow(int row) => (int)Math.Clamp(
        Cut?.OutputRow(row - PaddingTop) ?? (long)(row - PaddingTop - Margin) * OutputHeight / DrawnHeight, FirstOutputRow, EndOutputRow);
}
