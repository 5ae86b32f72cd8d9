using System.Buffers.Binary;
using System.Numerics;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// The bit fields of a bitmap's pixels of 16 or 32 bits. The library takes it for granted that they have 5, 6 or 8 bits, and reads no alpha
/// of 16 bits.
/// </summary>
/// <param name="Bits">Bits of a pixel: 16 or 32.</param>
/// <param name="Red">Where red stands.</param>
/// <param name="Green">Where green stands.</param>
/// <param name="Blue">Where blue stands.</param>
/// <param name="Alpha">Where alpha stands; 0 for an opaque picture.</param>
internal readonly record struct BmpFields(int Bits, uint Red, uint Green, uint Blue, uint Alpha)
{
    /// <summary>Reads the masks.</summary>
    /// <param name="bits">Bits of a pixel.</param>
    /// <param name="masks">The bytes after the first 40 of the header.</param>
    /// <param name="hasAlpha">Whether the masks of red, green and blue are followed by one of alpha.</param>
    public static BmpFields Read(int bits, ReadOnlySpan<byte> masks, bool hasAlpha) => new(
        bits,
        BinaryPrimitives.ReadUInt32LittleEndian(masks),
        BinaryPrimitives.ReadUInt32LittleEndian(masks[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(masks[8..]),
        hasAlpha ? BinaryPrimitives.ReadUInt32LittleEndian(masks[12..]) : 0);

    /// <summary>Whether all fields are bytes, which the library reads right.</summary>
    public bool AreBytes => Bits == 32 && IsByte(Red) && IsByte(Green) && IsByte(Blue) && (Alpha == 0 || IsByte(Alpha));

    /// <summary>Whether each field is a row of bits within a pixel.</summary>
    public bool AreSound => IsSound(Red) && IsSound(Green) && IsSound(Blue) && (Alpha == 0 || IsSound(Alpha));

    /// <summary>Reads all pixels.</summary>
    /// <param name="rows">The rows as they stand in the file, each filled up to four bytes.</param>
    /// <param name="result">What comes out.</param>
    /// <param name="topDown">Whether the first row of the file is the top one.</param>
    public Image Decode(ReadOnlySpan<byte> rows, ImageHeader result, bool topDown)
    {
        Image image = Image.Create(result.Width, result.Height, result.Layout, 8);
        int channels = result.Layout.ChannelCount(), stride = (result.Width * Bits / 8 + 3) & ~3;
        for (int y = 0; y < result.Height; y++)
        {
            ReadOnlySpan<byte> row = rows.Slice((topDown ? y : result.Height - 1 - y) * stride, stride);
            Span<byte> target = image.RowBytes(y);
            for (int x = 0; x < result.Width; x++)
            {
                uint pixel = Bits == 16 ? BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * x)..]) : BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * x)..]);
                (target[x * channels], target[x * channels + 1], target[x * channels + 2]) = (Level(pixel, Red), Level(pixel, Green), Level(pixel, Blue));
                if (channels == 4)
                    target[x * channels + 3] = Alpha == 0 ? byte.MaxValue : Level(pixel, Alpha);
            }
        }

        return image;
    }

    // The share of the field's largest value, in levels of 255.
    private static byte Level(uint pixel, uint mask)
    {
        int shift = BitOperations.TrailingZeroCount(mask);
        ulong largest = mask >> shift;
        return (byte)((((pixel & mask) >> shift) * 255UL + largest / 2) / largest);
    }

    private static bool IsByte(uint mask) => mask is 0xFF or 0xFF00 or 0xFF0000 or 0xFF000000;

    private bool IsSound(uint mask) =>
        mask != 0 && (Bits == 32 || mask <= ushort.MaxValue) && BitOperations.IsPow2((ulong)(mask >> BitOperations.TrailingZeroCount(mask)) + 1);
}
