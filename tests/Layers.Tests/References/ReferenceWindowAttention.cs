namespace Gsasr.Layers.Tests;

/// <summary>
/// Multi-head attention within the windows of an image, written from the definitions of <see cref="WindowAttention"/> and
/// <see cref="WindowAttentionSettings"/>.
/// </summary>
internal sealed class ReferenceWindowAttention
{
    private static readonly Bounded Masked = -100f;

    /// <summary>Rows of the image.</summary>
    public required int Height { get; init; }

    /// <summary>Columns of the image.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels along a side of a query window.</summary>
    public required int Window { get; init; }

    /// <summary>Heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>[Height, Width, Heads * HeadSize].</summary>
    public required float[] Query { get; init; }

    /// <summary>[Height, Width, Heads * HeadSize].</summary>
    public required float[] Key { get; init; }

    /// <summary>[Height, Width, Heads * HeadSize].</summary>
    public required float[] Value { get; init; }

    /// <summary>Cyclic shift of the query windows.</summary>
    public int QueryShift { get; init; }

    /// <summary>Cyclic shift of the key windows.</summary>
    public int KeyShift { get; init; }

    /// <summary>Pixels along a side of the overlapping key windows, or 0.</summary>
    public int OverlappingWindow { get; init; }

    /// <summary>Whether Swin's mask is added.</summary>
    public bool MaskWrapped { get; init; }

    /// <summary>[Heads, query tokens, key tokens], or null.</summary>
    public float[]? Bias { get; init; }

    /// <summary>[Heads, key tokens, HeadSize] of cosines and sines, or null.</summary>
    public float[]? Rotary { get; init; }

    private int Channels => Heads * HeadSize;

    private int KeyWindow => OverlappingWindow > 0 ? OverlappingWindow : Window;

    private int KeyTokens => KeyWindow * KeyWindow;

    /// <summary>The attention of all windows: [Height, Width, Heads * HeadSize].</summary>
    public Bounded[] Run()
    {
        var output = new Bounded[Height * Width * Channels];
        for (int top = 0; top < Height; top += Window)
        {
            for (int left = 0; left < Width; left += Window)
            {
                for (int head = 0; head < Heads; head++)
                    AttendInWindow(top, left, head, output);
            }
        }

        return output;
    }

    private void AttendInWindow(int top, int left, int head, Bounded[] output)
    {
        var keys = new Bounded[KeyTokens][];
        var values = new Bounded[KeyTokens][];
        for (int token = 0; token < KeyTokens; token++)
        {
            int pixel = KeyPixel(top, left, token);
            keys[token] = Rotate(HeadOf(Key, pixel, head), head, token);
            values[token] = HeadOf(Value, pixel, head);
        }

        Bounded scale = Bounded.Constant(1 / Math.Sqrt(HeadSize));
        for (int token = 0; token < Window * Window; token++)
        {
            int pixel = QueryPixel(top, left, token);
            Bounded[] query = Rotate(HeadOf(Query, pixel, head), head, token);
            var scores = new Bounded[KeyTokens];
            for (int key = 0; key < KeyTokens; key++)
            {
                var product = default(BoundedSum);
                for (int d = 0; d < HeadSize; d++)
                    product.Add(query[d] * scale, keys[key][d]);
                scores[key] = product.Sum;
                if (Bias is not null)
                    scores[key] += Bias[(((head * Window * Window) + token) * KeyTokens) + key];
                if (MaskWrapped && Region(top, left, token) != Region(top, left, key))
                    scores[key] += Masked;
            }

            Bounded[] weights = Softmax(scores);
            for (int d = 0; d < HeadSize; d++)
            {
                var sum = default(BoundedSum);
                for (int key = 0; key < KeyTokens; key++)
                    sum.Add(weights[key], values[key][d]);
                output[(pixel * Channels) + (head * HeadSize) + d] = sum.Sum;
            }
        }
    }

    private int QueryPixel(int top, int left, int token) =>
        ((top + (token / Window) + QueryShift) % Height * Width) + ((left + (token % Window) + QueryShift) % Width);

    // The pixel of a key, or -1 outside the image.
    private int KeyPixel(int top, int left, int token)
    {
        if (OverlappingWindow == 0)
            return ((top + (token / Window) + KeyShift) % Height * Width) + ((left + (token % Window) + KeyShift) % Width);
        int border = (OverlappingWindow - Window) / 2;
        int row = top + (token / OverlappingWindow) - border;
        int column = left + (token % OverlappingWindow) - border;
        return row >= 0 && row < Height && column >= 0 && column < Width ? (row * Width) + column : -1;
    }

    private Bounded[] HeadOf(float[] tensor, int pixel, int head)
    {
        var channels = new Bounded[HeadSize];
        for (int d = 0; pixel >= 0 && d < HeadSize; d++)
            channels[d] = tensor[(pixel * Channels) + (head * HeadSize) + d];
        return channels;
    }

    private Bounded[] Rotate(Bounded[] channels, int head, int token)
    {
        if (Rotary is null)
            return channels;
        var rotated = new Bounded[HeadSize];
        for (int d = 0; d < HeadSize; d += 2)
        {
            int angle = (((head * KeyTokens) + token) * HeadSize) + d;
            Bounded cosine = Rotary[angle];
            Bounded sine = Rotary[angle + 1];
            rotated[d] = (channels[d] * cosine) - (channels[d + 1] * sine);
            rotated[d + 1] = (channels[d] * sine) + (channels[d + 1] * cosine);
        }

        return rotated;
    }

    // Which of Swin's nine regions of the shifted image a token is in.
    private (int Vertical, int Horizontal) Region(int top, int left, int token)
    {
        int row = top + (token / Window);
        int column = left + (token % Window);
        return (Band(row, Height), Band(column, Width));

        int Band(int place, int extent) => (place >= extent - Window ? 1 : 0) + (place >= extent - QueryShift ? 1 : 0);
    }

    private static Bounded[] Softmax(Bounded[] scores)
    {
        // The largest score is subtracted from all, so its own error has no effect on their quotients.
        var largest = new Bounded(scores.Max(score => score.Value), 0);
        Bounded[] powers = [.. scores.Select(score => Bounded.Exp(score - largest))];
        var sum = default(BoundedSum);
        foreach (Bounded power in powers)
            sum.Add(power);
        return [.. powers.Select(power => power / sum.Sum)];
    }
}
