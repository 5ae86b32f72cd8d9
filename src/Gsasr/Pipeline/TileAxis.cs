namespace Gsasr.Pipeline;

/// <summary>
/// The columns, or rows, of the padded image that a tile sees, as one or two stretches. Attention in shifted windows goes round the image,
/// from its right edge to its left one and from the bottom to the top. So a tile at an edge also sees a stretch at the opposite edge, and
/// both stretches keep their order in the image: the first begins at one edge of the image and the second ends at the other. The place
/// where the two meet is as far from the tile's own pixels as the end of a tile inside the image.
/// </summary>
/// <param name="Start">Where the first stretch begins.</param>
/// <param name="Length">Its length.</param>
/// <param name="SecondStart">Where the second stretch begins.</param>
/// <param name="SecondLength">Its length; 0 where there is none.</param>
internal readonly record struct TileAxis(int Start, int Length, int SecondStart, int SecondLength)
{
    /// <summary>How many columns, or rows, there are.</summary>
    public int Count => Length + SecondLength;

    /// <summary>What is seen around a tile's own part.</summary>
    /// <param name="start">Where the tile's own part begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="overlap">How much more is seen on either side.</param>
    /// <param name="size">Columns, or rows, of the padded image.</param>
    public static TileAxis Around(int start, int length, int overlap, int size)
    {
        int first = start - overlap;
        int end = start + length + overlap;
        if (end - first >= size)
            return new TileAxis(0, size, 0, 0);
        if (first < 0)
            return new TileAxis(0, end, size + first, -first);
        return end > size ? new TileAxis(0, end - size, first, size - first) : new TileAxis(first, end - first, 0, 0);
    }

    /// <summary>Where a column, or row, of the image is among those that are seen; it must be one of them.</summary>
    /// <param name="place">The column, or row, of the padded image.</param>
    public int IndexOf(int place) => place >= Start && place < Start + Length ? place - Start : Length + place - SecondStart;

    /// <summary>The column, or row, of the padded image that is seen at an index.</summary>
    /// <param name="index">The index.</param>
    public int PlaceOf(int index) => index < Length ? Start + index : SecondStart + index - Length;
}
