namespace Gsasr.Pipeline;

/// <summary>An image of floats, padded by reflection, as the networks want it.</summary>
internal static class ReflectedImage
{
    /// <summary>
    /// The pixel that stands at an index outside an image. The image continues as in a mirror at its last pixel, as often as necessary; an
    /// image of one pixel repeats it.
    /// </summary>
    /// <param name="index">An index; those below 0 lie before the first pixel.</param>
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
        if (place < 0)
            place += period;
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
            int rowIndex = IndexOf(tile.Rows.PlaceOf(y) - geometry.PaddingTop, geometry.Height, geometry.RepeatsLastRow);
            ReadOnlySpan<float> row = image.Slice(rowIndex * geometry.Width * 3, geometry.Width * 3);
            Span<float> target = destination.Slice(y * columns.Count * 3, columns.Count * 3);
            CopyColumns(row, geometry, columns.Start - geometry.PaddingLeft, target[..(columns.Length * 3)]);
            CopyColumns(row, geometry, columns.SecondStart - geometry.PaddingLeft, target[(columns.Length * 3)..]);
        }
    }

    // The start is counted from the first column of the image, so that it is below 0 where the padding at the left begins.
    private static void CopyColumns(ReadOnlySpan<float> row, in ImageGeometry geometry, int start, Span<float> destination)
    {
        int count = destination.Length / 3;
        int before = Math.Clamp(-start, 0, count);
        int end = Math.Clamp(geometry.Width - start, before, count);
        row.Slice(Math.Clamp(start, 0, geometry.Width) * 3, (end - before) * 3).CopyTo(destination[(before * 3)..]);
        CopyReflected(row, geometry, start, destination[..(before * 3)]);
        CopyReflected(row, geometry, start + end, destination[(end * 3)..]);
    }

    private static void CopyReflected(ReadOnlySpan<float> row, in ImageGeometry geometry, int start, Span<float> destination)
    {
        for (int x = 0; x < destination.Length / 3; x++)
            row.Slice(IndexOf(start + x, geometry.Width, geometry.RepeatsLastColumn) * 3, 3).CopyTo(destination[(x * 3)..]);
    }
}
