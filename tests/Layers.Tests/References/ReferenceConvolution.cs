namespace Gsasr.Layers.Tests;

/// <summary>A linear layer, a 1x1 or a 3x3 convolution of one image, written from its definition.</summary>
internal sealed class ReferenceConvolution
{
    /// <summary>Rows of the image.</summary>
    public required int Height { get; init; }

    /// <summary>Columns of the image.</summary>
    public required int Width { get; init; }

    /// <summary>Channels of the image.</summary>
    public required int InputChannels { get; init; }

    /// <summary>Channels of the product.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>1 or 3.</summary>
    public required int KernelSize { get; init; }

    /// <summary>[Height, Width, InputChannels].</summary>
    public required float[] Image { get; init; }

    /// <summary>[OutputChannels, InputChannels, KernelSize, KernelSize].</summary>
    public required float[] Weight { get; init; }

    /// <summary>[OutputChannels], or empty.</summary>
    public required float[] Bias { get; init; }

    /// <summary>Applied after the bias.</summary>
    public Activation Activation { get; init; }

    /// <summary>Added last, for the whole output rectangle, or null.</summary>
    public float[]? Residual { get; init; }

    /// <summary>The output of a rectangle of the image: [rows, columns, OutputChannels].</summary>
    public Bounded[] Run(int firstRow, int firstColumn, int rows, int columns)
    {
        var output = new Bounded[rows * columns * OutputChannels];
        for (int i = 0; i < output.Length; i++)
        {
            int channel = i % OutputChannels;
            int pixel = i / OutputChannels;
            Bounded value = Product(firstRow + (pixel / columns), firstColumn + (pixel % columns), channel);
            if (Bias.Length > 0)
                value += Bias[channel];
            value = Activation switch
            {
                Activation.Relu => Bounded.Relu(value),
                Activation.LeakyRelu => Bounded.LeakyRelu(value),
                Activation.Gelu => Bounded.Gelu(value),
                _ => value,
            };
            output[i] = Residual is null ? value : value + Residual[i];
        }

        return output;
    }

    /// <summary>
    /// PyTorch's PixelShuffle(2): [rows, columns, 4 * channels] becomes [2 * rows, 2 * columns, channels], where input channel
    /// 4 * c + 2 * i + j of pixel (y, x) becomes channel c of pixel (2y + i, 2x + j).
    /// </summary>
    public static Bounded[] Shuffle(Bounded[] values, int rows, int columns, int channels)
    {
        var shuffled = new Bounded[values.Length];
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < columns; x++)
            {
                for (int channel = 0; channel < 4 * channels; channel++)
                {
                    int outputRow = (2 * y) + (channel % 4 / 2);
                    int outputColumn = (2 * x) + (channel % 2);
                    shuffled[(((outputRow * 2 * columns) + outputColumn) * channels) + (channel / 4)] =
                        values[(((y * columns) + x) * 4 * channels) + channel];
                }
            }
        }

        return shuffled;
    }

    private Bounded Product(int row, int column, int outputChannel)
    {
        var sum = default(BoundedSum);
        int border = KernelSize / 2;
        for (int channel = 0; channel < InputChannels; channel++)
        {
            for (int i = 0; i < KernelSize; i++)
            {
                for (int j = 0; j < KernelSize; j++)
                {
                    int y = row + i - border;
                    int x = column + j - border;
                    if (y < 0 || y >= Height || x < 0 || x >= Width)
                        continue;
                    float pixel = Image[(((y * Width) + x) * InputChannels) + channel];
                    sum.Add(pixel, Weight[(((((outputChannel * InputChannels) + channel) * KernelSize) + i) * KernelSize) + j]);
                }
            }
        }

        return sum.Sum;
    }
}
