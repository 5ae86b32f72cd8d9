using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>A tensor of float16 in the middle of memory filled with NaN, some of the channels of a wider tensor.</summary>
internal sealed class Float16Tensor : IDisposable
{
    private const int Border = 192;
    private const int ChannelsAround = 8;

    // No other operation makes this NaN.
    private const ushort Poison = 0x7D55;

    private readonly DeviceBuffer _buffer;
    private readonly int _length;

    /// <summary>Creates a tensor.</summary>
    /// <param name="device">Whose memory it lies in.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="values">Its values, which are rounded, or null for NaN.</param>
    public Float16Tensor(Device device, int height, int width, int channels, float[]? values = null)
    {
        int pitch = channels + 2 * ChannelsAround;
        _length = 2 * Border + height * width * pitch;
        _buffer = device.Allocate(_length * 2L);
        Tensor = new Tensor(_buffer, Border + ChannelsAround, height, width, channels, pitch, ElementType.Float16);
        var bits = new ushort[_length];
        Array.Fill(bits, Poison);
        for (int i = 0; values is not null && i < values.Length; i++)
            bits[Place(i)] = BitConverter.HalfToUInt16Bits((Half)values[i]);
        _buffer.Upload<ushort>(bits, 0);
    }

    /// <summary>The tensor.</summary>
    public Tensor Tensor { get; }

    /// <summary>Numbers as float16 has them.</summary>
    public static float[] Rounded(float[] values) => [.. values.Select(value => (float)(Half)value)];

    /// <summary>Its values, dense, after checking that nothing around them was written to.</summary>
    public float[] Read()
    {
        var bits = new ushort[_length];
        _buffer.Download<ushort>(bits, 0);
        var values = new float[(int)Tensor.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)BitConverter.UInt16BitsToHalf(bits[Place(i)]);
            bits[Place(i)] = Poison;
        }

        Assert.All(bits, value => Assert.Equal(Poison, value));
        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private int Place(int index) => (int)Tensor.Offset + index / Tensor.Channels * Tensor.Pitch + index % Tensor.Channels;
}
