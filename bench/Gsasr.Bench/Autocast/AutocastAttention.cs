using System.Numerics.Tensors;
using Gsasr.Layers;

namespace Gsasr.Bench;

/// <summary>
/// Attention within windows (<see cref="WindowAttention"/> has its definition) as autocast computes it. With a position bias it is the published products one by one: scaled queries, scores
/// and weights are rounded. With a rotary embedding it is PyTorch's scaled_dot_product_attention, which rounds turned queries and keys and the weights, but no scores.
/// </summary>
/// <param name="settings">Windows and heads; bias and rotary table are not taken from there.</param>
internal sealed class AutocastAttention(WindowAttentionSettings settings)
{
    private const float Masked = -100;

    /// <summary>[heads, query tokens, key tokens], or null.</summary>
    public float[]? Bias { get; init; }

    /// <summary>[2, heads, head size / 2]: a token's angles by its column and by its row, or null.</summary>
    public float[]? Frequencies { get; init; }

    /// <summary>Relative position biases: bias[head, query, key] = table[index[query, key], head].</summary>
    /// <param name="table">[entries, heads].</param>
    /// <param name="index">[query tokens, key tokens].</param>
    /// <param name="heads">Heads.</param>
    public static float[] PositionBias(float[] table, long[] index, int heads)
    {
        var bias = new float[heads * index.Length];
        for (int i = 0; i < bias.Length; i++)
            bias[i] = table[index[i % index.Length] * heads + i / index.Length];
        return bias;
    }

    /// <summary>Computes it.</summary>
    /// <param name="query">[height, width, channels of all heads].</param>
    /// <param name="key">Likewise.</param>
    /// <param name="value">Likewise.</param>
    public AutocastTensor Run(AutocastTensor query, AutocastTensor key, AutocastTensor value)
    {
        var y = new float[query.Values.Length];
        int columns = query.Width / settings.WindowSize;
        int windows = columns * (query.Height / settings.WindowSize);
        Parallel.For(0, windows * settings.Heads, i =>
        {
            int window = i / settings.Heads;
            Attend(query, key, value, window / columns * settings.WindowSize, window % columns * settings.WindowSize, i % settings.Heads, y);
        });
        return new(query.Height, query.Width, query.Channels, y, query.IsBfloat16);
    }

    private void Attend(AutocastTensor query, AutocastTensor key, AutocastTensor value, int top, int left, int head, float[] y)
    {
        int size = query.Channels / settings.Heads;
        var factor = (float)(1 / Math.Sqrt(size));
        float Rounded(float number) => query.IsBfloat16 ? Bfloat16.Round(number) : number;

        var keys = new float[settings.KeyTokens][];
        var values = new float[settings.KeyTokens][];
        for (int token = 0; token < keys.Length; token++)
        {
            int pixel = KeyPixel(key, top, left, token);
            keys[token] = Turned(Head(key, pixel, head, size), head, token, Rounded);
            values[token] = Head(value, pixel, head, size);
        }

        var weights = new float[settings.KeyTokens];
        var sums = new float[size];
        for (int token = 0; token < settings.QueryTokens; token++)
        {
            int pixel = Shifted(query, top, left, token, settings.QueryShift);
            float[] asked = Turned(Head(query, pixel, head, size), head, token, Rounded);
            if (Bias is not null)
                asked = Array.ConvertAll(asked, number => Rounded(number * factor));
            for (int k = 0; k < weights.Length; k++)
            {
                float score = TensorPrimitives.Dot<float>(asked, keys[k]);
                weights[k] = Bias is null
                    ? score * factor
                    : Rounded(score) + Bias[(head * settings.QueryTokens + token) * weights.Length + k] + Mask(query, top, left, token, k);
            }

            TensorPrimitives.SoftMax<float>(weights, weights);
            Array.Clear(sums);
            for (int k = 0; k < weights.Length; k++)
                TensorPrimitives.MultiplyAdd(values[k], Rounded(weights[k]), sums, sums);
            sums.CopyTo(y.AsSpan(pixel * query.Channels + head * size));
        }
    }

    private static int Shifted(AutocastTensor x, int top, int left, int row, int column, int shift) => (top + row + shift) % x.Height * x.Width + (left + column + shift) % x.Width;

    private int Shifted(AutocastTensor x, int top, int left, int token, int shift) =>
        Shifted(x, top, left, token / settings.WindowSize, token % settings.WindowSize, shift);

    // -1 outside the image.
    private int KeyPixel(AutocastTensor x, int top, int left, int token)
    {
        if (settings.OverlappingKeyWindowSize == 0)
            return Shifted(x, top, left, token, settings.KeyShift);
        int border = (settings.KeyWindowSize - settings.WindowSize) / 2;
        int row = top + token / settings.KeyWindowSize - border;
        int column = left + token % settings.KeyWindowSize - border;
        return row >= 0 && row < x.Height && column >= 0 && column < x.Width ? row * x.Width + column : -1;
    }

    private static float[] Head(AutocastTensor x, int pixel, int head, int size) =>
        pixel < 0 ? new float[size] : x.Values.AsSpan(pixel * x.Channels + head * size, size).ToArray();

    private float[] Turned(float[] channels, int head, int token, Func<float, float> rounded)
    {
        if (Frequencies is null)
            return channels;
        int pairs = channels.Length / 2;
        var turned = new float[channels.Length];
        for (int pair = 0; pair < pairs; pair++)
        {
            double angle = token % settings.KeyWindowSize * (double)Frequencies[head * pairs + pair]
                + token / settings.KeyWindowSize * (double)Frequencies[(settings.Heads + head) * pairs + pair];
            (double sine, double cosine) = Math.SinCos(angle);
            (float x, float z) = (channels[2 * pair], channels[2 * pair + 1]);
            turned[2 * pair] = rounded((float)(x * cosine - z * sine));
            turned[2 * pair + 1] = rounded((float)(x * sine + z * cosine));
        }

        return turned;
    }

    private float Mask(AutocastTensor x, int top, int left, int query, int key) =>
        settings.MaskWrapped && Region(x, top, left, query) != Region(x, top, left, key) ? Masked : 0;

    private (int Vertical, int Horizontal) Region(AutocastTensor x, int top, int left, int token)
    {
        return (Band(top + token / settings.WindowSize, x.Height), Band(left + token % settings.WindowSize, x.Width));

        int Band(int place, int extent) => (place >= extent - settings.WindowSize ? 1 : 0) + (place >= extent - settings.QueryShift ? 1 : 0);
    }
}
