namespace Gsasr.Pipeline;

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
    public PixelRectangle LargestRegion(in ImageGeometry geometry) => new(
        0, 0, Math.Min(geometry.PaddedWidth, Width + 2 * Overlap), Math.Min(geometry.PaddedHeight, Height + 2 * Overlap));

    /// <summary>How many tiles a part of the padded image has.</summary>
    /// <param name="part">The part; it begins where tiles begin.</param>
    public int CountOf(in PixelRectangle part) => ColumnsOf(part) * ((part.Height + Height - 1) / Height);

    /// <summary>A tile of a part of the padded image.</summary>
    /// <param name="geometry">The image.</param>
    /// <param name="part">The part; it begins where tiles begin.</param>
    /// <param name="index">The tile's number, from left to right and from top to bottom.</param>
    public Tile TileAt(in ImageGeometry geometry, in PixelRectangle part, int index)
    {
        int left = part.Left + index % ColumnsOf(part) * Width;
        int top = part.Top + index / ColumnsOf(part) * Height;
        var interior = new PixelRectangle(left, top, Math.Min(Width, part.Left + part.Width - left), Math.Min(Height, part.Top + part.Height - top));
        return new Tile(
            TileAxis.Around(interior.Left, interior.Width, Overlap, geometry.PaddedWidth),
            TileAxis.Around(interior.Top, interior.Height, Overlap, geometry.PaddedHeight),
            interior);
    }

    private int ColumnsOf(in PixelRectangle part) => (part.Width + Width - 1) / Width;
}
