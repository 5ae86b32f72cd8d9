using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gsasr.Imaging;

/// <summary>Rows of 16-bit samples as PNG and PNM store them, most significant byte first.</summary>
internal static class BigEndian
{
    /// <summary>Turns bytes, two a sample, into samples.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, Span<ushort> samples)
    {
        bytes.CopyTo(MemoryMarshal.AsBytes(samples));
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(samples, samples);
    }

    /// <summary>Turns samples into bytes, two a sample.</summary>
    public static void Write(ReadOnlySpan<ushort> samples, Span<byte> bytes)
    {
        Span<ushort> destination = MemoryMarshal.Cast<byte, ushort>(bytes);
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(samples, destination);
        else
            samples.CopyTo(destination);
    }
}
