namespace Gsasr.Pipeline;

/// <summary>A tile: the pixels that go through the network, and those among them whose Gaussians are kept.</summary>
/// <param name="Region">What the network sees, in pixels of the padded image.</param>
/// <param name="Interior">What is kept, in pixels of the padded image; the interiors of all tiles cover it once.</param>
internal readonly record struct Tile(PixelRectangle Region, PixelRectangle Interior);

/// <summary>How a padded image is cut into overlapping tiles of one size.</summary>
/// <param name="Width">Columns of a tile's own part.</param>
/// <param name="Height">Rows of a tile's own part.</param>
/// <param name="Overlap">How many pixels beyond its own part a tile sees, where the image has them.</param>
internal readonly record struct TileSizes(int Width, int Height, int Overlap)
{
    /// <summary>Chooses tiles as square as the image allows: an image narrower than a square tile is cut into strips.</summary>
    /// <param name="geometry">The image.</param>
    /// <param name="multiple">Sizes and places of tiles are multiples of it.</param>
    /// <param name="overlap">How many pixels beyond its own part a tile sees at least; rounded up to the multiple.</param>
    /// <param name="least">The least side of a tile's own part, a multiple too.</param>
    /// <param name="maximumPixels">The most pixels that a tile should see.</param>
    public static TileSizes Choose(in ImageGeometry geometry, int multiple, int overlap, int least, long maximumPixels)
    {
        int width = geometry.PaddedWidth;
        int height = geometry.PaddedHeight;
        overlap = ReflectedImage.PaddedSize(overlap, multiple);
        if (geometry.PaddedPixels <= maximumPixels)
            return new TileSizes(width, height, overlap);
        int columns = Side(Math.Sqrt(maximumPixels), width);
        int rows = Side((double)maximumPixels / Math.Min(width, columns + 2 * overlap), height);
        columns = Side((double)maximumPixels / Math.Min(height, rows + 2 * overlap), width);
        return new TileSizes(columns, rows, overlap);

        // The size of equal parts in one direction whose tiles are about as large as wanted.
        int Side(double seen, int size)
        {
            if (seen >= size)
                return size;
            int most = Math.Max(least, (int)((seen - 2 * overlap) / multiple) * multiple);
            int count = (size + most - 1) / most;
            return ReflectedImage.PaddedSize((size + count - 1) / count, multiple);
        }
    }

    /// <summary>The largest region that a tile sees.</summary>
    /// <param name="geometry">The image.</param>
    public PixelRectangle LargestRegion(in ImageGeometry geometry) =>
        new(0, 0, LargestSide(Width, geometry.PaddedWidth), LargestSide(Height, geometry.PaddedHeight));

    /// <summary>The tiles of a part of the padded image, from left to right and from top to bottom.</summary>
    /// <param name="geometry">The image.</param>
    /// <param name="part">The part; it begins where tiles begin.</param>
    public IEnumerable<Tile> TilesOf(ImageGeometry geometry, PixelRectangle part)
    {
        int right = part.Left + part.Width;
        int bottom = part.Top + part.Height;
        for (int top = part.Top; top < bottom; top += Height)
        {
            for (int left = part.Left; left < right; left += Width)
            {
                var interior = new PixelRectangle(left, top, Math.Min(Width, right - left), Math.Min(Height, bottom - top));
                yield return new Tile(RegionOf(geometry, interior), interior);
            }
        }
    }

    // The first and the last tile see beyond one of their edges only.
    private int LargestSide(int side, int size) => Math.Min(size, side + (size > 2 * side ? 2 : 1) * Overlap);

    private PixelRectangle RegionOf(in ImageGeometry geometry, in PixelRectangle interior)
    {
        int left = Math.Max(0, interior.Left - Overlap);
        int top = Math.Max(0, interior.Top - Overlap);
        int right = Math.Min(geometry.PaddedWidth, interior.Left + interior.Width + Overlap);
        int bottom = Math.Min(geometry.PaddedHeight, interior.Top + interior.Height + Overlap);
        return new PixelRectangle(left, top, right - left, bottom - top);
    }
}
