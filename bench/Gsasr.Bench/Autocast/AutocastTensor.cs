using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>
/// What a layer computes under autocast, with the type that PyTorch would give it. Functions of bfloat16 are of bfloat16, and so is what is made of two such tensors;
/// what is made of a tensor of each type is float32.
/// </summary>
internal sealed class AutocastTensor
{
    /// <summary>Takes over values, and rounds them if they are to be bfloat16.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="values">[height, width, channels].</param>
    /// <param name="isBfloat16">Whether it is bfloat16; else it is float32.</param>
    public AutocastTensor(int height, int width, int channels, float[] values, bool isBfloat16 = false)
    {
        if (values.Length != height * width * channels)
            throw new ArgumentException($"{values.Length} values cannot fill {height} x {width} x {channels}.", nameof(values));
        (Height, Width, Channels, Values, IsBfloat16) = (height, width, channels, values, isBfloat16);
        if (isBfloat16)
            Bfloat16.Round(values);
    }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Channels.</summary>
    public int Channels { get; }

    /// <summary>[Height, Width, Channels].</summary>
    public float[] Values { get; }

    /// <summary>Whether it is bfloat16; else it is float32.</summary>
    public bool IsBfloat16 { get; }

    /// <summary>max(x, 0).</summary>
    public AutocastTensor Relu() => Map(value => Math.Max(value, 0));

    /// <summary>x, or 0.01 * x where that is negative.</summary>
    public AutocastTensor LeakyRelu() => Map(value => value > 0 ? value : 0.01f * value);

    /// <summary>x * (1 + erf(x / sqrt 2)) / 2.</summary>
    public AutocastTensor Gelu() => Map(value => 0.5f * value * (1 + VectorMath.Erf<float, SimdScalar>(value * 0.70710678f)));

    /// <summary>1 / (1 + exp(-x)).</summary>
    public AutocastTensor Sigmoid() => Map(value => 1 / (1 + MathF.Exp(-value)));

    /// <summary>Each value times a number.</summary>
    /// <param name="factor">The number.</param>
    public AutocastTensor Times(float factor) => Map(value => factor * value);

    /// <summary>The sum of two tensors, the second perhaps of one pixel, which counts for all.</summary>
    /// <param name="other">The second.</param>
    public AutocastTensor Plus(AutocastTensor other) => With(other, (a, b) => a + b);

    /// <summary>The product of two tensors, likewise.</summary>
    /// <param name="other">The second.</param>
    public AutocastTensor Times(AutocastTensor other) => With(other, (a, b) => a * b);

    /// <summary>The mean of all pixels: one pixel.</summary>
    public AutocastTensor Mean()
    {
        var means = new double[Channels];
        for (int i = 0; i < Values.Length; i++)
            means[i % Channels] += Values[i];
        return new(1, 1, Channels, [.. means.Select(sum => (float)(sum / (Height * Width)))], IsBfloat16);
    }

    /// <summary>Some of the channels.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many.</param>
    public AutocastTensor Slice(int first, int count)
    {
        var slice = new float[Height * Width * count];
        for (int pixel = 0; pixel < Height * Width; pixel++)
            Values.AsSpan(pixel * Channels + first, count).CopyTo(slice.AsSpan(pixel * count));
        return new(Height, Width, count, slice, IsBfloat16);
    }

    /// <summary>The channels of several tensors of one type, one after the other.</summary>
    /// <param name="parts">The tensors.</param>
    public static AutocastTensor Concatenate(params IReadOnlyList<AutocastTensor> parts)
    {
        int channels = parts.Sum(part => part.Channels);
        var values = new float[parts[0].Height * parts[0].Width * channels];
        int first = 0;
        foreach (AutocastTensor part in parts)
        {
            for (int pixel = 0; pixel < part.Height * part.Width; pixel++)
                part.Values.AsSpan(pixel * part.Channels, part.Channels).CopyTo(values.AsSpan(pixel * channels + first));
            first += part.Channels;
        }

        return new(parts[0].Height, parts[0].Width, channels, values, parts[0].IsBfloat16);
    }

    /// <summary>PyTorch's PixelShuffle(2): channel 4 c + 2 i + j of pixel (y, x) is channel c of pixel (2 y + i, 2 x + j).</summary>
    public AutocastTensor Shuffle()
    {
        var shuffled = new float[Values.Length];
        for (int i = 0; i < Values.Length; i++)
        {
            int channel = i % Channels;
            int pixel = i / Channels;
            int row = 2 * (pixel / Width) + channel % 4 / 2;
            int column = 2 * (pixel % Width) + channel % 2;
            shuffled[(row * 2 * Width + column) * (Channels / 4) + channel / 4] = Values[i];
        }

        return new(2 * Height, 2 * Width, Channels / 4, shuffled, IsBfloat16);
    }

    private AutocastTensor Map(Func<float, float> function) => new(Height, Width, Channels, Array.ConvertAll(Values, value => function(value)), IsBfloat16);

    private AutocastTensor With(AutocastTensor other, Func<float, float, float> function) => new(
        Height, Width, Channels, [.. Values.Select((value, i) => function(value, other.Values[i % other.Values.Length]))], IsBfloat16 && other.IsBfloat16);
}
