namespace Gsasr.Cli.Upscaling;

/// <summary>The size that a picture is drawn at, and the part of it that is kept; all in output pixels.</summary>
/// <param name="DrawnWidth">Columns that the whole picture has.</param>
/// <param name="DrawnHeight">Rows that the whole picture has.</param>
/// <param name="Left">The first column that is kept.</param>
/// <param name="Top">The first row that is kept.</param>
/// <param name="Width">How many columns are kept.</param>
/// <param name="Height">How many rows are kept.</param>
internal readonly record struct OutputFrame(int DrawnWidth, int DrawnHeight, int Left, int Top, int Width, int Height)
{
    /// <summary>A picture of which all is kept.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static OutputFrame Whole(int width, int height) => new(width, height, 0, 0, width, height);
}
