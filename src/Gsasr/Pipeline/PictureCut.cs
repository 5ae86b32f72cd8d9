namespace Gsasr.Pipeline;

/// <summary>
/// A part of a picture that is drawn, and the part of the input that it takes: what lies below it, and around that as much as a tile sees
/// beyond its own part and Gaussians reach. So the part differs from the same part of the whole picture no more than tiles do.
/// </summary>
/// <param name="Whole">Columns and rows of the whole input.</param>
/// <param name="WholeOutput">Columns and rows of the whole picture.</param>
/// <param name="Kept">The part of the picture.</param>
/// <param name="Input">The part of the input. Its windows are those of the whole.</param>
internal readonly record struct PictureCut(
    (int Width, int Height) Whole, (int Width, int Height) WholeOutput, PixelRectangle Kept, PixelRectangle Input)
{
    /// <summary>Output columns per input column.</summary>
    public double RatioX => (double)WholeOutput.Width / Whole.Width;

    /// <summary>Output rows per input row.</summary>
    public double RatioY => (double)WholeOutput.Height / Whole.Height;

    /// <summary>Finds the part of the input.</summary>
    /// <param name="whole">Columns and rows of the whole input.</param>
    /// <param name="wholeOutput">Columns and rows of the whole picture.</param>
    /// <param name="kept">The part of the picture.</param>
    /// <param name="multiple">The networks' windows begin at multiples of it.</param>
    /// <param name="overlap">How many pixels beyond its own part a tile sees.</param>
    public static PictureCut Of((int Width, int Height) whole, (int Width, int Height) wholeOutput, PixelRectangle kept, int multiple, int overlap)
    {
        int around = overlap + StripPlan.Margin;
        (int left, int width) = Axis(whole.Width, wholeOutput.Width, kept.Left, kept.Width);
        (int top, int height) = Axis(whole.Height, wholeOutput.Height, kept.Top, kept.Height);
        return new PictureCut(whole, wholeOutput, kept, new PixelRectangle(left, top, width, height));

        (int First, int Count) Axis(int input, int output, int start, int count)
        {
            int first = Math.Max(0, (int)((long)start * input / output) - around) / multiple * multiple;
            int end = (int)(((long)start + count) * input / output) + 1 + around;
            return (first, Math.Min(input - first, ReflectedImage.PaddedSize(end - first, multiple)));
        }
    }

    /// <summary>The first column of the part that belongs to a column of the part of the input or lies to its right; can be outside.</summary>
    /// <param name="column">The column.</param>
    public long OutputColumn(int column) => (long)(column + Input.Left) * WholeOutput.Width / Whole.Width - Kept.Left;

    /// <summary>The first row of the part that belongs to a row of the part of the input or lies below it; can be outside.</summary>
    /// <param name="row">The row.</param>
    public long OutputRow(int row) => (long)(row + Input.Top) * WholeOutput.Height / Whole.Height - Kept.Top;
}
