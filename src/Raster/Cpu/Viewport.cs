using System.Runtime.CompilerServices;
using Gsasr.Tensors;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// The settings in the units of the kernels. Pixels have whole canvas coordinates, from <see cref="Left"/> and <see cref="Top"/> on. If the
/// viewport's offset has a fraction of a pixel, it is subtracted from the centres. So a pixel's value does not depend on where the viewport
/// begins, to the last bit.
/// </summary>
internal readonly struct Viewport
{
    public const int TileWidth = 64;
    public const int TileHeight = 32;

    /// <summary>The cutoff in powers of two: weights below 2^-CutoffBits are not drawn.</summary>
    public const double CutoffBits = Rasterizer.CutoffExponent / Ln2;

    /// <summary>Standard deviations from the centre to the cutoff.</summary>
    public static readonly double Reach = Math.Sqrt(2 * Rasterizer.CutoffExponent);

    private const double Ln2 = 0.693147180559945309417;

    public Viewport(in RasterSettings settings, in Tensor image)
    {
        CanvasWidth = settings.CanvasWidth;
        CanvasHeight = settings.CanvasHeight;
        BoxX = settings.BoxX;
        BoxY = settings.BoxY;
        SigmaUnitX = settings.SigmaUnitX;
        SigmaUnitY = settings.SigmaUnitY;
        Left = (int)Math.Floor(settings.ViewportLeft);
        Top = (int)Math.Floor(settings.ViewportTop);
        OriginX = 0.5 + (settings.ViewportLeft - Left);
        OriginY = 0.5 + (settings.ViewportTop - Top);
        Width = image.Width;
        Height = image.Height;
    }

    public double CanvasWidth { get; }

    public double CanvasHeight { get; }

    /// <summary>Half the width of a Gaussian's box in pixels.</summary>
    public double BoxX { get; }

    /// <summary>Half the height of a Gaussian's box in pixels.</summary>
    public double BoxY { get; }

    /// <summary>Columns per unit of an activated sigma.</summary>
    public double SigmaUnitX { get; }

    /// <summary>Rows per unit of an activated sigma.</summary>
    public double SigmaUnitY { get; }

    /// <summary>Subtracted from mean * CanvasWidth: half a pixel, and the viewport's fraction of one.</summary>
    public double OriginX { get; }

    /// <summary>Subtracted from mean * CanvasHeight.</summary>
    public double OriginY { get; }

    public int Left { get; }

    public int Top { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>How many tiles an image has.</summary>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    public static long TilesOf(int width, int height) =>
        ((long)width + TileWidth - 1) / TileWidth * (((long)height + TileHeight - 1) / TileHeight);

    public int TileColumns => (Width + TileWidth - 1) / TileWidth;

    public int TileRows => (Height + TileHeight - 1) / TileHeight;

    /// <summary>
    /// The columns of tiles that a splat can touch in one row of tiles. They follow the ellipse, so that a long thin one
    /// costs the tiles along its ridge and not those of its bounding box.
    /// </summary>
    /// <param name="splat">A splat that touches the row of tiles.</param>
    /// <param name="tileRow">The row of tiles.</param>
    /// <param name="first">The first column.</param>
    /// <param name="last">The last column; less than <paramref name="first"/> if there is none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void TileColumnsOf(in Splat splat, int tileRow, out int first, out int last)
    {
        first = (splat.Left - Left) / TileWidth;
        last = (splat.Right - 1 - Left) / TileWidth;
        if (last - first > 0 && splat.Bottom - splat.Top > TileHeight)
            Narrow(splat, tileRow, ref first, ref last);
    }

    private void Narrow(in Splat splat, int tileRow, ref int first, ref int last)
    {
        int tileTop = Top + tileRow * TileHeight;
        double top = Math.Max(splat.Top, tileTop) - splat.Y;
        double bottom = Math.Min(splat.Bottom, tileTop + TileHeight) - 1 - splat.Y;

        // The ellipse's right edge as a function of the row is concave, with its maximum at +extreme; the left one mirrors it.
        double width = 1.0 / splat.Normal;
        double slope = splat.Slope;
        double verticalWidth = width * splat.InverseSigmaY;
        double extreme = slope * Math.Sqrt(CutoffBits / (slope * slope + verticalWidth * verticalWidth)) / splat.InverseSigmaY;
        double rightmost = RightEdge(splat, Math.Clamp(extreme, top, bottom), slope, width);
        double leftmost = -RightEdge(splat, Math.Clamp(-extreme, top, bottom), -slope, width);

        // One pixel of margin covers the rounding here and in the rows' own spans.
        double left = Math.Max(splat.Left, splat.X + leftmost - 1);
        double right = Math.Min(splat.Right - 1, splat.X + rightmost + 1);
        first = (int)Math.Floor((left - Left) / TileWidth);
        last = (int)Math.Floor((right - Left) / TileWidth);
    }

    private static double RightEdge(in Splat splat, double row, double slope, double width)
    {
        double b = row * splat.InverseSigmaY;
        return slope * row + width * Math.Sqrt(Math.Max(0, CutoffBits - b * b));
    }
}
