using Gsasr.Decoder;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>
/// A part of the padded image between two rows, or two columns. Its Gaussians are made and drawn before those of the next one.
/// </summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="IsLast">Whether it is the last one.</param>
internal readonly record struct Strip(int Index, int Start, int End, bool IsLast);

/// <summary>Where the Gaussians of a strip lie in the memory of the field, counted in pixels of 16 Gaussians each.</summary>
/// <param name="Body">The first of the Gaussians that only this strip needs.</param>
/// <param name="Kept">The first of the Gaussians of this strip that are kept for the next one.</param>
/// <param name="Start">The first of all Gaussians that the strip is drawn with, including those kept from the strip before.</param>
/// <param name="End">The end of all Gaussians that the strip is drawn with.</param>
internal readonly record struct StripMemory(long Body, long Kept, long Start, long End);

/// <summary>
/// Cuts an image into strips, usually from top to bottom, so that not all Gaussians need be on the device at once. After a strip, pixels
/// are drawn up to a margin before the strip's end, because Gaussians of the next strip reach that far. The Gaussians of twice the margin
/// are kept for the next strip, so that nothing is computed twice and no seam shows. The memory is [kept | body | kept]. Strips use the
/// ends in turn, so that the Gaussians that a strip is drawn with always lie side by side.
/// </summary>
/// <param name="Geometry">The image.</param>
/// <param name="Length">Pixels of a strip in the direction in which strips follow each other; the last one may have fewer.</param>
/// <param name="GoesRight">Whether strips follow each other from left to right, and not from top to bottom.</param>
internal readonly record struct StripPlan(ImageGeometry Geometry, int Length, bool GoesRight)
{
    /// <summary>
    /// How many pixels a Gaussian reaches: its standard deviation is below 1 / 1.2 pixels, it is cut off at 4.7 pixels, where it is a
    /// millionth, and its mean lies near its pixel.
    /// </summary>
    public const int Margin = 16;

    /// <summary>Pixels in that direction whose Gaussians are kept for the next strip; a strip has at least as many.</summary>
    public const int KeptLength = 2 * Margin;

    /// <summary>Floats of the Gaussians of a pixel.</summary>
    public const int FloatsPerPixel = GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide * GaussianFormat.Raw.Columns;

    /// <summary>The most pixels whose Gaussians lie side by side, because kernels count values in ints.</summary>
    public const long MaximumPixels = int.MaxValue / FloatsPerPixel;

    /// <summary>How many strips there are.</summary>
    public int Count => (AlongSide + Length - 1) / Length;

    /// <summary>Pixels whose Gaussians are on the device at once.</summary>
    public long FieldPixels => Count == 1 ? Geometry.PaddedPixels : (long)(Length + KeptLength) * AcrossSide;

    private int AlongSide => GoesRight ? Geometry.PaddedWidth : Geometry.PaddedHeight;

    private int AcrossSide => GoesRight ? Geometry.PaddedHeight : Geometry.PaddedWidth;

    private long KeptPixels => (long)KeptLength * AcrossSide;

    /// <summary>A strip.</summary>
    /// <param name="index">Its number, from 0.</param>
    public Strip StripAt(int index) =>
        new(index, index * Length, Math.Min(AlongSide, (index + 1) * Length), index == Count - 1);

    /// <summary>The pixels of a strip.</summary>
    /// <param name="strip">The strip.</param>
    public PixelRectangle PixelsOf(in Strip strip) => Across(strip.Start, strip.End);

    /// <summary>The part of the output that is drawn after a strip; it can be empty where the strip lies in the padding.</summary>
    /// <param name="strip">The strip.</param>
    public PixelRectangle OutputOf(in Strip strip)
    {
        PixelRectangle drawn = Across(strip.Index == 0 ? 0 : strip.Start - Margin, strip.IsLast ? AlongSide : strip.End - Margin);
        int left = Geometry.OutputColumn(drawn.Left);
        int top = Geometry.OutputRow(drawn.Top);
        return new PixelRectangle(
            left, top, Geometry.OutputColumn(drawn.Left + drawn.Width) - left, Geometry.OutputRow(drawn.Top + drawn.Height) - top);
    }

    /// <summary>A rectangle of the output that is at least as large as every <see cref="OutputOf"/>.</summary>
    public PixelRectangle LargestOutput()
    {
        PixelRectangle longest = Across(0, Math.Min(AlongSide, Length + Margin));
        return new PixelRectangle(
            0,
            0,
            Math.Min(Geometry.EndOutputColumn - Geometry.FirstOutputColumn, (int)(longest.Width * Geometry.RatioX) + 1),
            Math.Min(Geometry.EndOutputRow - Geometry.FirstOutputRow, (int)(longest.Height * Geometry.RatioY) + 1));
    }

    /// <summary>The part of a rectangle of a strip whose Gaussians only this strip needs; it can be empty.</summary>
    /// <param name="strip">The strip.</param>
    /// <param name="rectangle">The rectangle.</param>
    public PixelRectangle BodyOf(in Strip strip, in PixelRectangle rectangle) =>
        Cut(rectangle, strip.Start, strip.IsLast ? strip.End : strip.End - KeptLength);

    /// <summary>The part of a rectangle of a strip whose Gaussians are kept for the next one; it can be empty.</summary>
    /// <param name="strip">The strip.</param>
    /// <param name="rectangle">The rectangle.</param>
    public PixelRectangle KeptOf(in Strip strip, in PixelRectangle rectangle) =>
        Cut(rectangle, strip.IsLast ? strip.End : strip.End - KeptLength, strip.End);

    /// <summary>Where a strip's Gaussians lie.</summary>
    /// <param name="strip">The strip.</param>
    public StripMemory MemoryOf(in Strip strip)
    {
        if (Count == 1)
            return new StripMemory(0, 0, 0, FieldPixels);
        long lastEnd = FieldPixels - KeptPixels;
        long body = (long)(strip.End - strip.Start - (strip.IsLast ? 0 : KeptLength)) * AcrossSide;

        // Even strips have the Gaussians kept for them at the start, and those that they keep at the end; odd ones the other way round.
        bool isOdd = strip.Index % 2 == 1;
        long bodyStart = isOdd && strip.IsLast ? lastEnd - body : KeptPixels;
        return isOdd
            ? new StripMemory(bodyStart, 0, strip.IsLast ? bodyStart : 0, FieldPixels)
            : new StripMemory(bodyStart, lastEnd, strip.Index == 0 ? bodyStart : 0, strip.IsLast ? bodyStart + body : FieldPixels);
    }

    private PixelRectangle Across(int start, int end) => GoesRight
        ? new PixelRectangle(start, 0, end - start, Geometry.PaddedHeight)
        : new PixelRectangle(0, start, Geometry.PaddedWidth, end - start);

    private PixelRectangle Cut(in PixelRectangle rectangle, int start, int end)
    {
        int first = Math.Max(start, GoesRight ? rectangle.Left : rectangle.Top);
        int last = Math.Min(end, GoesRight ? rectangle.Left + rectangle.Width : rectangle.Top + rectangle.Height);
        int length = Math.Max(0, last - first);
        return GoesRight ? rectangle with { Left = first, Width = length } : rectangle with { Top = first, Height = length };
    }
}
