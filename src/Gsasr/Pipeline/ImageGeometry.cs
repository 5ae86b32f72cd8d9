namespace Gsasr.Pipeline;

/// <summary>
/// All sizes of an image on its way through the networks to its pixels, computed once: the input's, those of the input filled up to the
/// networks' multiple, and the output's.
/// </summary>
internal readonly record struct ImageGeometry
{
    /// <summary>
    /// Pixels that a padded side has at least. The box of a Gaussian is a share of the padded image, with the usual dmax 1.75 pixels here;
    /// what a smaller one cuts off is seen (docs/models.md).
    /// </summary>
    public const int LeastPaddedSide = 36;

    /// <summary>Describes an image whose padded size is known.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="paddedWidth">Columns with the padding at the right.</param>
    /// <param name="paddedHeight">Rows with the padding at the bottom.</param>
    public ImageGeometry(int width, int height, double scale, int paddedWidth, int paddedHeight)
    {
        Width = width;
        Height = height;
        Scale = scale;
        PaddedWidth = paddedWidth;
        PaddedHeight = paddedHeight;
        OutputWidth = (int)Math.Floor(scale * width);
        OutputHeight = (int)Math.Floor(scale * height);
    }

    /// <summary>Columns of the input.</summary>
    public int Width { get; }

    /// <summary>Rows of the input.</summary>
    public int Height { get; }

    /// <summary>Output pixels per input pixel, as asked for.</summary>
    public double Scale { get; }

    /// <summary>Columns with the padding at the right.</summary>
    public int PaddedWidth { get; }

    /// <summary>Rows with the padding at the bottom.</summary>
    public int PaddedHeight { get; }

    /// <summary>Columns of the output, floor(Scale * Width).</summary>
    public int OutputWidth { get; }

    /// <summary>Rows of the output, floor(Scale * Height).</summary>
    public int OutputHeight { get; }

    /// <summary>Whether the padding at the right repeats the last column before it goes back; see <see cref="ReflectedImage"/>.</summary>
    public bool RepeatsLastColumn { get; private init; }

    /// <summary>Whether the padding at the bottom repeats the last row before it goes back.</summary>
    public bool RepeatsLastRow { get; private init; }

    /// <summary>Pixels with the padding.</summary>
    public long PaddedPixels => (long)PaddedWidth * PaddedHeight;

    /// <summary>Pixels of the output.</summary>
    public long OutputPixels => (long)OutputWidth * OutputHeight;

    /// <summary>Output columns per input column: a little less than the scale where the output's size was rounded down.</summary>
    public double RatioX => (double)OutputWidth / Width;

    /// <summary>Output rows per input row.</summary>
    public double RatioY => (double)OutputHeight / Height;

    /// <summary>
    /// Describes an image that is filled up at the right and at the bottom. A side that would have fewer than <see cref="LeastPaddedSide"/>
    /// pixels with its padding gets at least so many, and its last pixel is repeated, unless all is to be as in the published code.
    /// </summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="multiple">Both padded sizes are multiples of this.</param>
    /// <param name="asPublished">Whether small images are filled up no further than to the next multiple.</param>
    public static ImageGeometry Padded(int width, int height, double scale, int multiple, bool asPublished)
    {
        int paddedWidth = ReflectedImage.PaddedSize(width, multiple);
        int paddedHeight = ReflectedImage.PaddedSize(height, multiple);
        bool isNarrow = !asPublished && paddedWidth < LeastPaddedSide;
        bool isLow = !asPublished && paddedHeight < LeastPaddedSide;
        int least = ReflectedImage.PaddedSize(LeastPaddedSide, multiple);
        return new(width, height, scale, isNarrow ? least : paddedWidth, isLow ? least : paddedHeight)
        {
            RepeatsLastColumn = isNarrow,
            RepeatsLastRow = isLow,
        };
    }

    /// <summary>The first output column that belongs to a column of the padded input or lies to its right.</summary>
    /// <param name="column">The column.</param>
    public int OutputColumn(int column) => (int)Math.Min(OutputWidth, (long)column * OutputWidth / Width);

    /// <summary>The first output row that belongs to a row of the padded input or lies below it.</summary>
    /// <param name="row">The row.</param>
    public int OutputRow(int row) => (int)Math.Min(OutputHeight, (long)row * OutputHeight / Height);
}
