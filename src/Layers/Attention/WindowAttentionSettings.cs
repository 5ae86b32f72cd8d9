using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>How <see cref="WindowAttention"/> cuts an image into windows and weighs pairs of tokens.</summary>
/// <param name="WindowSize">s: queries attend within windows of s x s pixels; s divides height and width.</param>
/// <param name="Heads">Heads; they divide the channels.</param>
internal sealed record WindowAttentionSettings(int WindowSize, int Heads)
{
    /// <summary>
    /// Query token (i, j) of window (a, b) is the pixel ((a*s + i + QueryShift) mod height, (b*s + j + QueryShift) mod width),
    /// and its result is written back to that pixel.
    /// </summary>
    public int QueryShift { get; init; }

    /// <summary>The same for keys and values, if these come from windows of the query's size.</summary>
    public int KeyShift { get; init; }

    /// <summary>
    /// k: keys and values come from overlapping windows of k x k pixels around the query's window, that is token (i, j) is the
    /// pixel (a*s + i - (k-s)/2, b*s + j - (k-s)/2); pixels outside the image are tokens with a key and a value of zero.
    /// 0 for windows of the query's size.
    /// </summary>
    public int OverlappingKeyWindowSize { get; init; }

    /// <summary>
    /// Whether -100 is added to the scores of tokens that are neighbours only because of the cyclic shift (Swin's mask). Rows of the
    /// shifted image fall into the regions [0, height - s), [height - s, height - shift), [height - shift, height), columns likewise; pairs
    /// of different regions are masked.
    /// </summary>
    public bool MaskWrapped { get; init; }

    /// <summary>
    /// Added to the scores: [heads, query tokens, key tokens] as a tensor of height heads and width query tokens. Null for none.
    /// </summary>
    public Tensor? Bias { get; init; }

    /// <summary>
    /// Rotary embedding of queries and keys: [heads, tokens, headSize] as a tensor of height heads and width tokens, where
    /// channels 2i and 2i + 1 are the cosine and the sine of pair i's angle at that token. The pair (x, y) becomes
    /// (x cos - y sin, x sin + y cos). Query token t uses row t of the table even where keys have a larger window. Null for none.
    /// </summary>
    public Tensor? Rotary { get; init; }

    /// <summary>Tokens of a query window.</summary>
    public int QueryTokens => WindowSize * WindowSize;

    /// <summary>Pixels along a side of a key window.</summary>
    public int KeyWindowSize => OverlappingKeyWindowSize == 0 ? WindowSize : OverlappingKeyWindowSize;

    /// <summary>Tokens of a key window.</summary>
    public int KeyTokens => KeyWindowSize * KeyWindowSize;

    /// <summary>The multiply-adds of a pixel.</summary>
    /// <param name="channels">Channels of all heads.</param>
    public double MultiplyAddsPerPixel(int channels) => WindowAttention.MultiplyAddsPerPixel(KeyTokens, channels);
}
