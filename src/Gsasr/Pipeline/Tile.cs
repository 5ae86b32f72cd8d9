namespace Gsasr.Pipeline;

/// <summary>A tile: the pixels that go through the network, and those among them whose Gaussians are kept.</summary>
/// <param name="Columns">Columns of the padded image that the network sees.</param>
/// <param name="Rows">Rows of the padded image that the network sees.</param>
/// <param name="Interior">What is kept, in pixels of the padded image; the interiors of all tiles cover it once.</param>
internal readonly record struct Tile(TileAxis Columns, TileAxis Rows, PixelRectangle Interior)
{
    /// <summary>How many pixels the network sees.</summary>
    public long SeenPixels => (long)Columns.Count * Rows.Count;

    /// <summary>A part of the interior, in pixels of what the network sees.</summary>
    /// <param name="pixels">The part, in pixels of the padded image.</param>
    public PixelRectangle Seen(in PixelRectangle pixels) => pixels with { Left = Columns.IndexOf(pixels.Left), Top = Rows.IndexOf(pixels.Top) };
}
