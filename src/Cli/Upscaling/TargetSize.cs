namespace Gsasr.Cli.Upscaling;

/// <summary>How large the outputs are to be.</summary>
internal abstract record TargetSize
{
    /// <summary>The scale that was asked for; null where a size was.</summary>
    public virtual double? Scale => null;

    /// <summary>The size for an input.</summary>
    /// <param name="width">Columns of the input, upright.</param>
    /// <param name="height">Rows of the input.</param>
    /// <exception cref="ArgumentException">The input cannot become so large or so small; the message says why.</exception>
    public abstract OutputFrame For(int width, int height);

    /// <summary>So many output pixels for an input pixel.</summary>
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
}
