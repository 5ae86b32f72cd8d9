using System.Runtime.CompilerServices;

namespace Gsasr.Tensors;

/// <summary>
/// A view of values of shape [height, width, channels] in a device's memory: value (y, x, c) lies <c>Offset + (y * Width + x) * Pitch +
/// c</c> values into the buffer. It owns nothing. A slice of another tensor's channels or rows is a tensor too. Vectors and matrices are
/// tensors of height 1.
/// </summary>
/// <remarks>It is checked when it is made: all of its values lie inside the buffer.</remarks>
internal readonly record struct Tensor
{
    private readonly DeviceBuffer? _buffer;

    /// <summary>A view of a buffer.</summary>
    /// <param name="buffer">The memory.</param>
    /// <param name="offset">Where the first value lies, in values from the start of the buffer.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="channels">Channels, at least 1.</param>
    /// <param name="pitch">Values from one pixel to the next, at least <paramref name="channels"/>.</param>
    /// <param name="elementType">How a value is encoded.</param>
    /// <exception cref="ArgumentException">
    /// A size is less than that, there are more than 2,147,483,647 pixels, or the values do not all lie inside the buffer.
    /// </exception>
    public Tensor(
        DeviceBuffer buffer, long offset, int height, int width, int channels, int pitch, ElementType elementType = ElementType.Float32)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(pitch, channels);
        long pixels = (long)height * width;
        long available = buffer.ByteLength / elementType.Size();

        // The product of a pixel count and a pitch, both ints, fits into 64 bits.
        if (pixels > int.MaxValue || offset > available || (pixels - 1) * pitch + channels > available - offset)
        {
            throw new ArgumentException(
                $"A tensor of {height} x {width} x {channels} with {pitch} values from pixel to pixel, from value {offset} on, " +
                $"does not lie inside a buffer of {buffer.ByteLength} bytes ({available} values of {elementType}).");
        }

        _buffer = buffer;
        Offset = offset;
        Height = height;
        Width = width;
        Channels = channels;
        Pitch = pitch;
        ElementType = elementType;
    }

    /// <summary>The memory.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default</c> and refers to no memory.</exception>
    public DeviceBuffer Buffer => _buffer ?? throw new InvalidOperationException("This tensor has no memory: it was never given a buffer.");

    /// <summary>Where the first value lies, in values from the start of the buffer.</summary>
    public long Offset { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Channels.</summary>
    public int Channels { get; }

    /// <summary>Values from one pixel to the next.</summary>
    public int Pitch { get; }

    /// <summary>How a value is encoded.</summary>
    public ElementType ElementType { get; }

    /// <summary>The device whose memory this is.</summary>
    public Device Device => Buffer.Device;

    /// <summary>Height times width.</summary>
    public int Pixels => Height * Width;

    /// <summary>Height times width times channels.</summary>
    public long Count => (long)Pixels * Channels;

    /// <summary>Whether the pixels follow each other without a gap.</summary>
    public bool IsDense => Pitch == Channels;

    /// <summary>Where the first value lies, in bytes from the start of the buffer.</summary>
    public long ByteOffset => Offset * ElementType.Size();

    /// <summary>The float32 values from the first to the last, including what lies between the pixels, as a kernel's argument.</summary>
    /// <exception cref="ArgumentException">The values are not float32.</exception>
    public BufferView<float> View
    {
        get
        {
            Require(ElementType.Float32);
            return ViewAs<float>();
        }
    }

    /// <summary>The bits from the first value to the last, including what lies between the pixels, as a kernel's argument.</summary>
    /// <typeparam name="T">The type that a value has in the kernel; it has the size of the tensor's values.</typeparam>
    /// <exception cref="ArgumentException">Values have another size.</exception>
    public BufferView<T> ViewAs<T>()
        where T : unmanaged
    {
        RequireSize<T>();
        return new BufferView<T>(Buffer, Offset, (Pixels - 1L) * Pitch + Channels);
    }

    /// <summary>The same memory with other extents, from the same first value on.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="pitch">Values from one pixel to the next.</param>
    /// <inheritdoc cref="Tensor(DeviceBuffer, long, int, int, int, int, ElementType)" path="/exception"/>
    public Tensor Reshape(int? height = null, int? width = null, int? channels = null, int? pitch = null) =>
        new(Buffer, Offset, height ?? Height, width ?? Width, channels ?? Channels, pitch ?? Pitch, ElementType);

    /// <summary>Some of the channels of the same pixels.</summary>
    /// <param name="first">The first channel.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such channels.</exception>
    public Tensor SliceChannels(int first, int count)
    {
        if (first < 0 || count < 1 || first > Channels - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Channels {first} to {first + count} lie outside a tensor of {Channels} channels.");
        return new Tensor(Buffer, Offset + first, Height, Width, count, Pitch, ElementType);
    }

    /// <summary>Some of the rows, with all their channels.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    public Tensor SliceRows(int first, int count)
    {
        if (first < 0 || count < 1 || first > Height - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Rows {first} to {first + count} lie outside a tensor of {Height} rows.");
        return new Tensor(Buffer, Offset + (long)first * Width * Pitch, count, Width, Channels, Pitch, ElementType);
    }

    /// <summary>Fills the tensor with values from the host. They may be changed as soon as the call returns.</summary>
    /// <typeparam name="T">The type of a value; it has the size of the tensor's values.</typeparam>
    /// <param name="values"><see cref="Count"/> values, channels fastest.</param>
    /// <exception cref="ArgumentException">There is another number of values, they have another size, or the tensor is not dense.</exception>
    public void Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        RequireSize<T>();
        if (!IsDense || values.Length != Count)
            throw new ArgumentException($"{values.Length} values cannot fill a tensor of {this}{(IsDense ? "" : " with gaps")}.", nameof(values));
        Buffer.Upload(values, ByteOffset);
    }

    /// <summary>Copies all values, which are float32, to the host, dense, channels fastest, after all work started so far.</summary>
    /// <exception cref="ArgumentException">The values are not float32.</exception>
    public float[] ToArray()
    {
        Require(ElementType.Float32);
        var values = new float[checked((int)Count)];
        if (IsDense)
        {
            Buffer.Download(values.AsSpan(), ByteOffset);
            return values;
        }

        var padded = new float[checked((int)((Pixels - 1L) * Pitch) + Channels)];
        Buffer.Download(padded.AsSpan(), ByteOffset);
        for (int pixel = 0; pixel < Pixels; pixel++)
            padded.AsSpan(pixel * Pitch, Channels).CopyTo(values.AsSpan(pixel * Channels));
        return values;
    }

    /// <summary>Whether the other tensor has the same height, width and channels.</summary>
    /// <param name="other">The other tensor.</param>
    public bool HasShapeOf(in Tensor other) => Height == other.Height && Width == other.Width && Channels == other.Channels;

    /// <summary>Throws unless the values have an element type.</summary>
    /// <param name="elementType">The element type.</param>
    /// <exception cref="ArgumentException">They have another one.</exception>
    public void Require(ElementType elementType)
    {
        if (ElementType != elementType)
            throw new ArgumentException($"A tensor of {this} holds {ElementType}, where {elementType} is needed.");
    }

    /// <summary>The shape, for messages: "48 x 36 x 64".</summary>
    public override string ToString() => $"{Height} x {Width} x {Channels}";

    private void RequireSize<T>()
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() != ElementType.Size())
            throw new ArgumentException($"Values of {Unsafe.SizeOf<T>()} bytes are not those of a tensor of {this} that holds {ElementType}.");
    }
}
