using System.Runtime.InteropServices;
using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>
/// A tensor in the middle of memory filled with NaN: a value read from outside of it, or never written, spoils the result,
/// and a value written outside of it is found out.
/// </summary>
internal sealed class GuardedTensor : IDisposable
{
    private const int Border = 192;
    private const int ChannelsBefore = 5;
    private const int ChannelsAfter = 6;

    // Each place has a NaN of its own, so that even a guard that was copied from elsewhere shows.
    private const uint Poison = 0x7FC00000;
    private const uint PoisonPayload = 0x003FFFFF;

    private readonly DeviceBuffer _buffer;
    private readonly int _length;

    /// <summary>Creates a tensor.</summary>
    /// <param name="device">Whose memory it lies in.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="layout">How it lies in memory.</param>
    /// <param name="values">Its values, or null for NaN.</param>
    public GuardedTensor(Device device, int height, int width, int channels, Layout layout = Layout.Dense, float[]? values = null)
    {
        int before = layout == Layout.Slice ? ChannelsBefore : 0;
        int pitch = layout == Layout.Slice ? before + channels + ChannelsAfter : channels;
        _length = (2 * Border) + (height * width * pitch);
        _buffer = device.Allocate((long)_length * sizeof(float));
        Tensor = new Tensor(_buffer, Border + before, height, width, channels, pitch);
        var bits = new uint[_length];
        for (int i = 0; i < bits.Length; i++)
            bits[i] = PoisonOf(i);
        for (int pixel = 0; values is not null && pixel < Tensor.Pixels; pixel++)
        {
            ReadOnlySpan<float> source = values.AsSpan(pixel * channels, channels);
            MemoryMarshal.Cast<float, uint>(source).CopyTo(bits.AsSpan((int)Tensor.Offset + (pixel * pitch)));
        }

        _buffer.Upload<uint>(bits, 0);
    }

    /// <summary>The tensor.</summary>
    public Tensor Tensor { get; }

    /// <summary>Its values, dense, after checking that nothing around them was written to.</summary>
    public float[] Read()
    {
        var bits = new uint[_length];
        _buffer.Download<uint>(bits, 0);
        var values = new float[Tensor.Pixels * Tensor.Channels];
        int next = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            int place = i - (int)Tensor.Offset;
            bool isInside = place >= 0 && place / Tensor.Pitch < Tensor.Pixels && place % Tensor.Pitch < Tensor.Channels;
            if (isInside)
                values[next++] = BitConverter.UInt32BitsToSingle(bits[i]);
            else if (bits[i] != PoisonOf(i))
                Assert.Fail($"Float {place} from the start of {Tensor} with pitch {Tensor.Pitch}, outside of it, was written to.");
        }

        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private static uint PoisonOf(int place) => Poison | ((uint)place & PoisonPayload);
}
