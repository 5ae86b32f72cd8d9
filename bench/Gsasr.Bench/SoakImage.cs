namespace Gsasr.Bench;

/// <summary>An image of a soak: noise of a size, a layout and a scale that its number decides.</summary>
internal sealed class SoakImage
{
    /// <summary>How many there are: few enough that each comes again and again.</summary>
    public const int Count = 40;

    // The longest sides: most images are done in a fraction of a second, and some have to be cut into tiles where memory is short.
    private const int SmallSide = 36;
    private const int LargeSide = 60;

    /// <summary>Makes an image.</summary>
    /// <param name="number">
    /// Its number, less than <see cref="Count"/>. Every fourth is larger, every fifth one pixel high or wide, and every eighth also becomes a field.
    /// </param>
    public SoakImage(int number)
    {
        var random = new Random(1000 + number);
        Number = number;
        int largest = number % 4 == 2 ? LargeSide : SmallSide;
        Width = number % 10 == 5 ? 1 : random.Next(1, largest + 1);
        Height = number % 10 == 0 ? 1 : random.Next(1, largest + 1);
        Scale = 1 + random.Next(40) / 10.0;
        Layout = (PixelLayout)random.Next(4);
        Pixels = new byte[Width * Height * Layout.ChannelCount()];
        random.NextBytes(Pixels);
        (OutputWidth, OutputHeight) = Upscaler.OutputSize(Width, Height, Scale);
    }

    public int Number { get; }

    public int Width { get; }

    public int Height { get; }

    public double Scale { get; }

    public PixelLayout Layout { get; }

    public byte[] Pixels { get; }

    public int OutputWidth { get; }

    public int OutputHeight { get; }

    /// <summary>Whether it also becomes a field of Gaussians.</summary>
    public bool BecomesField => Number % 8 == 1;

    /// <summary>Upscales the image, into memory or, with an odd number, row by row.</summary>
    /// <param name="upscaler">The upscaler.</param>
    /// <param name="receiving">Called before rows are taken.</param>
    /// <param name="progress">Told how far the work is; null for nobody.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The pixels.</returns>
    public byte[] Upscale(Upscaler upscaler, Action receiving, IProgress<double>? progress, CancellationToken cancellation)
    {
        int rowLength = OutputWidth * Layout.ChannelCount();
        var output = new byte[OutputHeight * rowLength];
        ReadOnlyPixelSpan<byte> source = new(Pixels, Width, Height, Layout);
        if (Number % 2 == 0)
        {
            upscaler.Upscale<byte>(source, new(output, OutputWidth, OutputHeight, Layout), Scale, progress, cancellation);
            return output;
        }

        int next = 0;
        upscaler.Upscale<byte>(
            source,
            OutputWidth,
            OutputHeight,
            Layout,
            (top, rows) =>
            {
                receiving();
                if (top != next)
                    throw new InvalidOperationException($"{this}: row {top} was handed over where row {next} comes next.");
                next += rows.Height;
                for (int y = 0; y < rows.Height; y++)
                    rows.Row(y).CopyTo(output.AsSpan((top + y) * rowLength));
            },
            Scale,
            progress,
            cancellation);
        return output;
    }

    /// <summary>Makes a field of the image and draws it at another scale.</summary>
    /// <param name="upscaler">The upscaler.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The pixels.</returns>
    public byte[] DrawField(Upscaler upscaler, CancellationToken cancellation)
    {
        using GaussianField field = upscaler.BuildField<byte>(new(Pixels, Width, Height, Layout), 2, cancellation: cancellation);
        var view = FieldView.At(0, 0, Width, Height, 3);
        var output = new byte[view.OutputWidth * view.OutputHeight * 3];
        field.Render<byte>(view, new(output, view.OutputWidth, view.OutputHeight, PixelLayout.Rgb), cancellation: cancellation);
        return output;
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"image {Number} of {Width} x {Height} {Layout} x{Scale:0.0}");
}
