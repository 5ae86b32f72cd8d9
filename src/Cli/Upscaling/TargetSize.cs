using System.Globalization;

namespace Gsasr.Cli.Upscaling;

/// <summary>How large the outputs are to be.</summary>
internal abstract record TargetSize
{
    private const int LargestOutput = int.MaxValue / 4;

    /// <summary>The scale that was asked for; null if a size was.</summary>
    public virtual double? Scale => null;

    /// <summary>The size for an input.</summary>
    /// <param name="width">Columns of the input, upright.</param>
    /// <param name="height">Rows of the input.</param>
    /// <exception cref="ArgumentException">The input cannot be drawn so large or so small; the message says why.</exception>
    public abstract OutputFrame For(int width, int height);

    /// <summary>Checks the factors of both axes and the number of pixels.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="outputWidth">Columns to draw.</param>
    /// <param name="outputHeight">Rows to draw.</param>
    private static void Check(int width, int height, int outputWidth, int outputHeight)
    {
        string change = Text($"{width}x{height} pixels would have to become {outputWidth}x{outputHeight}");
        if (outputWidth < width || outputHeight < height)
            throw new ArgumentException($"{change}, and nothing is made smaller here.");
        double factor = Math.Max((double)outputWidth / width, (double)outputHeight / height);
        if (factor > Upscaler.MaximumScale)
            throw new ArgumentException(Text($"{change}, which is {factor:0.#} times as large; {Upscaler.MaximumScale} times is the most."));
        if ((long)outputWidth * outputHeight > LargestOutput)
            throw new ArgumentException(Text($"{change}, which is too large; the limit is {LargestOutput} pixels."));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int Side(double exact) => (int)Math.Min(int.MaxValue, Math.Round(exact, MidpointRounding.AwayFromZero));

    /// <summary>A number of output pixels for each input pixel.</summary>
    /// <param name="Factor">1 to 64.</param>
    public sealed record ByScale(double Factor) : TargetSize
    {
        /// <inheritdoc/>
        public override double? Scale => Factor;

        /// <inheritdoc/>
        public override OutputFrame For(int width, int height)
        {
            (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, Factor);
            return OutputFrame.Whole(outputWidth, outputHeight);
        }
    }

    /// <summary>A number of columns; the rows follow from the shape.</summary>
    /// <param name="Width">The columns.</param>
    public sealed record ByWidth(int Width) : TargetSize
    {
        /// <inheritdoc/>
        public override OutputFrame For(int width, int height)
        {
            int outputHeight = Side((double)Width * height / width);
            Check(width, height, Width, outputHeight);
            return OutputFrame.Whole(Width, outputHeight);
        }
    }

    /// <summary>A number of rows; the columns follow from the shape.</summary>
    /// <param name="Height">The rows.</param>
    public sealed record ByHeight(int Height) : TargetSize
    {
        /// <inheritdoc/>
        public override OutputFrame For(int width, int height)
        {
            int outputWidth = Side((double)Height * width / height);
            Check(width, height, outputWidth, Height);
            return OutputFrame.Whole(outputWidth, Height);
        }
    }

    /// <summary>The largest size of the input's shape that lies within a frame.</summary>
    /// <param name="Width">Columns of the frame.</param>
    /// <param name="Height">Rows of the frame.</param>
    public sealed record Inside(int Width, int Height) : TargetSize
    {
        /// <inheritdoc/>
        public override OutputFrame For(int width, int height) =>
            (long)Width * height <= (long)Height * width ? new ByWidth(Width).For(width, height) : new ByHeight(Height).For(width, height);
    }

    /// <summary>
    /// The smallest size of the input's shape that fills a frame. What is outside the frame is cut off, equally on both sides.
    /// </summary>
    /// <param name="Width">Columns of the frame.</param>
    /// <param name="Height">Rows of the frame.</param>
    public sealed record Cover(int Width, int Height) : TargetSize
    {
        /// <inheritdoc/>
        public override OutputFrame For(int width, int height)
        {
            OutputFrame drawn = (long)Width * height >= (long)Height * width
                ? new ByWidth(Width).For(width, height)
                : new ByHeight(Height).For(width, height);
            return drawn with { Left = (drawn.DrawnWidth - Width) / 2, Top = (drawn.DrawnHeight - Height) / 2, Width = Width, Height = Height };
        }
    }

    /// <summary>Exactly this size, whatever shape the input has; each axis gets a factor of its own.</summary>
    /// <param name="Width">Columns.</param>
    /// <param name="Height">Rows.</param>
    public sealed record Exact(int Width, int Height) : TargetSize
    {
        /// <inheritdoc/>
        public override OutputFrame For(int width, int height)
        {
            Check(width, height, Width, Height);
            return OutputFrame.Whole(Width, Height);
        }
    }
}
