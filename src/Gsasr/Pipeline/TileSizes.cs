namespace Gsasr;

/// <summary>A tile: the pixels that go through the network, and those among them whose Gaussians are kept.</summary>
/// <param name="Region">What the network sees, in pixels of the padded image.</param>
/// <param name="Interior">What is kept, in pixels of the padded image; the interiors of all tiles cover a strip of it once.</param>
internal readonly record struct Tile(PixelRectangle Region, PixelRectangle Interior);

/// <summary>Cuts a strip of rows of a padded image into tiles that overlap.</summary>
internal static class TilePlan
{
    /// <summary>Makes the tiles, from left to right and from top to bottom.</summary>
    /// <param name="width">Columns of the padded image, a multiple of <paramref name="multiple"/>.</param>
    /// <param name="height">Rows of the padded image, a multiple of <paramref name="multiple"/>.</param>
    /// <param name="firstRow">The strip's first row, a multiple of <paramref name="multiple"/>.</param>
    /// <param name="stripRows">The strip's rows, a multiple of <paramref name="multiple"/>.</param>
    /// <param name="multiple">Sizes and places of regions are multiples of it.</param>
    /// <param name="overlap">How many pixels a region reaches beyond its interior, where the image does; rounded up to the multiple.</param>
    /// <param name="maximumPixels">The most pixels that a region should have; one multiple of interior is the least.</param>
    public static IReadOnlyList<Tile> Create(
        int width, int height, int firstRow, int stripRows, int multiple, int overlap, long maximumPixels)
    {
        overlap = ReflectedImage.PaddedSize(overlap, multiple);
        int end = firstRow + stripRows;
        int seenRows = Math.Min(height, end + overlap) - Math.Max(0, firstRow - overlap);
        if ((long)width * seenRows <= maximumPixels)
            return [TileOf(new PixelRectangle(0, firstRow, width, stripRows))];

        // As square as the image allows: an image narrower than a square tile is cut into strips.
        int columns = InteriorSize(Math.Sqrt(maximumPixels), width, multiple, overlap);
        int rows = InteriorSize((double)maximumPixels / Math.Min(width, columns + 2 * overlap), stripRows, multiple, overlap);
        columns = InteriorSize((double)maximumPixels / Math.Min(height, rows + 2 * overlap), width, multiple, overlap);
        var tiles = new List<Tile>();
        for (int top = firstRow; top < end; top += rows)
        {
            for (int left = 0; left < width; left += columns)
                tiles.Add(TileOf(new PixelRectangle(left, top, Math.Min(columns, width - left), Math.Min(rows, end - top))));
        }

        return tiles;

        Tile TileOf(PixelRectangle interior)
        {
            int left = Math.Max(0, interior.Left - overlap);
            int top = Math.Max(0, interior.Top - overlap);
            int right = Math.Min(width, interior.Left + interior.Width + overlap);
            int bottom = Math.Min(height, interior.Top + interior.Height + overlap);
            return new Tile(new PixelRectangle(left, top, right - left, bottom - top), interior);
        }
    }

    // The size of equal interiors in one direction whose regions are about as large as wanted.
    private static int InteriorSize(double regionSize, int imageSize, int multiple, int overlap)
    {
        if (regionSize >= imageSize)
            return imageSize;
        int most = Math.Max(multiple, (int)((regionSize - 2 * overlap) / multiple) * multiple);
        int count = (imageSize + most - 1) / most;
        return ReflectedImage.PaddedSize((imageSize + count - 1) / count, multiple);
    }
}
