namespace Gsasr.Pipeline;

/// <summary>
/// All sizes of an image on its way through the networks to its pixels, computed once: the input's, those of the input filled up to the
/// networks' multiple, and the output's.
/// </summary>
internal readonly record struct ImageGeometry
{
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

    /// <summary>Pixels with the padding.</summary>
    public long PaddedPixels => (long)PaddedWidth * PaddedHeight;

    /// <summary>Pixels of the output.</summary>
    public long OutputPixels => (long)OutputWidth * OutputHeight;

    /// <summary>Output columns per input column: a little less than the scale where the output's size was rounded down.</summary>
    public double RatioX => (double)OutputWidth / Width;

    /// <summary>Output rows per input row.</summary>
    public double RatioY => (double)OutputHeight / Height;

    /// <summary>Describes an image that is filled up at the right and at the bottom.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="multiple">Both padded sizes are the next multiples of this.</param>
    public static ImageGeometry Padded(int width, int height, double scale, int multiple) =>
        new(width, height, scale, ReflectedImage.PaddedSize(width, multiple), ReflectedImage.PaddedSize(height, multiple));

    /// <summary>The first output column that belongs to a column of the padded input or lies to its right.</summary>
    /// <param name="column">The column.</param>
    public int OutputColumn(int column) => (int)Math.Min(OutputWidth, (long)column * OutputWidth / Width);

    /// <summary>The first output row that belongs to a row of the padded input or lies below it.</summary>
    /// <param name="row">The row.</param>
    public int OutputRow(int row) => (int)Math.Min(OutputHeight, (long)row * OutputHeight / Height);
}
