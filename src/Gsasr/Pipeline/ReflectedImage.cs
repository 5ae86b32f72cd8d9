namespace Gsasr.Pipeline;

/// <summary>An image of floats, padded by reflection at the right and at the bottom, as the networks want it.</summary>
internal static class ReflectedImage
{
    /// <summary>
    /// The pixel that stands at an index outside an image. The image continues as in a mirror at its last pixel, as often as necessary; an
    /// image of one pixel repeats it.
    /// </summary>
    /// <param name="index">An index of 0 or more.</param>
    /// <param name="size">Pixels of the image in that direction.</param>
    /// <param name="repeatsEdge">
    /// Whether the last pixel is repeated where the image turns back, and so is the first. Without that (PyTorch's "reflect") an image of
    /// two pixels would become stripes of one pixel.
    /// </param>
    public static int IndexOf(int index, int size, bool repeatsEdge)
    {
        if (size == 1)
            return 0;
        int turn = repeatsEdge ? 1 : 0;
        int period = 2 * (size - 1 + turn);
        int place = index % period;
        return place < size ? place : period - turn - place;
    }

    /// <summary>The next multiple of a number.</summary>
    /// <param name="size">Pixels in some direction.</param>
    /// <param name="multiple">The number.</param>
    public static int PaddedSize(int size, int multiple) => checked((size + multiple - 1) / multiple * multiple);

    /// <summary>Copies what a tile sees of the padded image.</summary>
    /// <param name="image">[height, width, 3], without padding.</param>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="destination">[rows, columns, 3].</param>
    public static void Copy(ReadOnlySpan<float> image, in ImageGeometry geometry, in Tile tile, Span<float> destination)
    {
        TileAxis columns = tile.Columns;
        for (int y = 0; y < tile.Rows.Count; y++)
        {
            int rowIndex = IndexOf(tile.Rows.PlaceOf(y), geometry.Height, geometry.RepeatsLastRow);
            ReadOnlySpan<float> row = image.Slice(rowIndex * geometry.Width * 3, geometry.Width * 3);
            Span<float> target = destination.Slice(y * columns.Count * 3, columns.Count * 3);
            CopyColumns(row, geometry, columns.Start, target[..(columns.Length * 3)]);
            CopyColumns(row, geometry, columns.SecondStart, target[(columns.Length * 3)..]);
        }
    }

    private static void CopyColumns(ReadOnlySpan<float> row, in ImageGeometry geometry, int start, Span<float> destination)
    {
        int count = destination.Length / 3;
        int inside = Math.Clamp(geometry.Width - start, 0, count);
        row.Slice(Math.Min(start, geometry.Width) * 3, inside * 3).CopyTo(destination);
        for (int x = inside; x < count; x++)
            row.Slice(IndexOf(start + x, geometry.Width, geometry.RepeatsLastColumn) * 3, 3).CopyTo(destination[(x * 3)..]);
    }
}
