namespace Gsasr.Tensors;

/// <summary>
/// A view of float32 values of shape [height, width, channels] in a device's memory: value (y, x, c) lies
/// <c>Offset + (y * Width + x) * Pitch + c</c> floats into the buffer. It owns nothing; a slice of another tensor's
/// channels or rows is a tensor too. Vectors and matrices are tensors of height 1.
/// </summary>
/// <param name="Buffer">The memory.</param>
/// <param name="Offset">Where the first value lies, in floats from the start of the buffer.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Pitch">Floats from one pixel to the next, at least <paramref name="Channels"/>.</param>
public readonly record struct Tensor(DeviceBuffer Buffer, int Offset, int Height, int Width, int Channels, int Pitch)
{
    /// <summary>The device whose memory this is.</summary>
    public Device Device => Buffer.Device;

    /// <summary>Height times width.</summary>
    public int Pixels => checked(Height * Width);

    /// <summary>Whether the pixels follow each other without a gap.</summary>
    public bool IsDense => Pitch == Channels;

    /// <summary>The values from the first to the last, with what lies between the pixels, as a kernel's argument.</summary>
    public BufferView<float> View => new(Buffer, Offset, (long)(Pixels - 1) * Pitch + Channels);

    /// <summary>Some of the channels of the same pixels.</summary>
    /// <param name="first">The first channel.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such channels.</exception>
    public Tensor SliceChannels(int first, int count)
    {
        if (first < 0 || count < 1 || first > Channels - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Channels {first} to {first + count} lie outside a tensor of {Channels} channels.");
        return this with { Offset = Offset + first, Channels = count };
    }

    /// <summary>Some of the rows, with all their channels.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    public Tensor SliceRows(int first, int count)
    {
        if (first < 0 || count < 1 || first > Height - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Rows {first} to {first + count} lie outside a tensor of {Height} rows.");
        return this with { Offset = checked(Offset + first * Width * Pitch), Height = count };
    }

    /// <summary>Copies all values to the host, dense, channels fastest, after all work started so far.</summary>
    public float[] ToArray()
    {
        var values = new float[checked(Pixels * Channels)];
        if (IsDense)
        {
            Buffer.Download(values.AsSpan(), (long)Offset * sizeof(float));
            return values;
        }

        var padded = new float[checked((Pixels - 1) * Pitch + Channels)];
        Buffer.Download(padded.AsSpan(), (long)Offset * sizeof(float));
        for (int pixel = 0; pixel < Pixels; pixel++)
            padded.AsSpan(pixel * Pitch, Channels).CopyTo(values.AsSpan(pixel * Channels));
        return values;
    }

    /// <summary>Whether the other tensor has the same height, width and channels.</summary>
    /// <param name="other">The other tensor.</param>
    public bool HasShapeOf(in Tensor other) => Height == other.Height && Width == other.Width && Channels == other.Channels;

    /// <summary>The shape, for messages: "48 x 36 x 64".</summary>
    public override string ToString() => $"{Height} x {Width} x {Channels}";
}
