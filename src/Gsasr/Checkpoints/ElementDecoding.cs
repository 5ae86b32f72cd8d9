using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>How the bytes of a file become numbers.</summary>
internal static class ElementDecoding
{
    /// <summary>Decodes little-endian floating-point values, rounding float64 to the nearest float32.</summary>
    public static void ToSingles(ElementType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type switch
            {
                ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]),
                ElementType.Float64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
                ElementType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                ElementType.BFloat16 =>
                    BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a floating-point type."),
            };
        }
    }

    /// <summary>Decodes little-endian integers and truth values.</summary>
    public static void ToIntegers(ElementType type, ReadOnlySpan<byte> bytes, Span<long> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type switch
            {
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes[(8 * i)..]),
                ElementType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]),
                ElementType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]),
                ElementType.Int8 => (sbyte)bytes[i],
                ElementType.UInt8 => bytes[i],
                ElementType.Bool => bytes[i] != 0 ? 1 : 0,
                _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not an integer type."),
            };
        }
    }

    /// <summary>The bytes behind float32 values where they can be filled in place: on a little-endian machine.</summary>
    public static bool TryGetBytes(Span<float> values, out Span<byte> bytes)
    {
        bytes = MemoryMarshal.AsBytes(values);
        return BitConverter.IsLittleEndian;
    }
}
