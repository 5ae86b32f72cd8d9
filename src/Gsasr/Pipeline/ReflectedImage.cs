namespace Gsasr.Pipeline;

/// <summary>An image of floats whose right and bottom are filled up by reflection, as the networks want it.</summary>
internal static class ReflectedImage
{
    /// <summary>
    /// The pixel that stands at an index outside an image: the image continues as in a mirror at its last pixel, as often as
    /// necessary; an image of one pixel repeats it.
    /// </summary>
    /// <param name="index">An index of 0 or more.</param>
    /// <param name="size">Pixels of the image in that direction.</param>
    /// <param name="repeatsEdge">
    /// Whether the last pixel stands twice before the way back begins, and the first one before the next. Without it (PyTorch's
    /// "reflect") an image of two pixels would become stripes of one pixel.
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

    /// <summary>Copies a rectangle of the padded image.</summary>
    /// <param name="image">[height, width, 3], without padding.</param>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="region">The rectangle; may reach over the right and the bottom.</param>
    /// <param name="destination">[region height, region width, 3].</param>
    public static void Copy(ReadOnlySpan<float> image, in ImageGeometry geometry, in PixelRectangle region, Span<float> destination)
    {
        int width = geometry.Width;
        int index = 0;
        for (int y = region.Top; y < region.Top + region.Height; y++)
        {
            ReadOnlySpan<float> row = image.Slice(IndexOf(y, geometry.Height, geometry.RepeatsLastRow) * width * 3, width * 3);
            int inside = Math.Clamp(width - region.Left, 0, region.Width);
            row.Slice(Math.Min(region.Left, width) * 3, inside * 3).CopyTo(destination[index..]);
            index += inside * 3;
            for (int x = region.Left + inside; x < region.Left + region.Width; x++)
            {
                row.Slice(IndexOf(x, width, geometry.RepeatsLastColumn) * 3, 3).CopyTo(destination[index..]);
                index += 3;
            }
        }
    }
}
