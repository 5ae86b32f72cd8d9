using System.Buffers.Binary;

namespace Gsasr.Imaging.Formats;

/// <summary>Reads PBM, PGM and PPM, plain (P1 to P3) and binary (P4 to P6), after the netpbm format pages. Of several images the first is read.</summary>
internal static class PnmFile
{
    /// <summary>Whether a byte is white space in a PNM file.</summary>
    public static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Decodes a file that begins with P1 to P6.</summary>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        int kind = file[1] - '0';
        bool isPlain = kind <= 3, isBitmap = kind is 1 or 4;
        ChannelLayout layout = kind is 3 or 6 ? ChannelLayout.Rgb : ChannelLayout.Grey;
        int position = 2;
        int width = ReadNumber(file, ref position, "width");
        int height = ReadNumber(file, ref position, "height");
        int maximum = isBitmap ? 1 : ReadNumber(file, ref position, "maximum value");
        if (maximum is < 1 or > 65535)
            throw new ImageFormatException($"PNM: the maximum value is {maximum}; it must be 1 to 65535.");
        // Exactly one white space byte stands between the header and the samples, whatever the first sample looks like.
        if (position >= file.Length || !IsSpace(file[position]))
            throw new ImageFormatException("PNM: no white space behind the header.");
        position++;

        int bytesPerSample = maximum > 255 ? 2 : 1;
        var header = new ImageHeader(width, height, layout, 8 * bytesPerSample);
        limits.Check("PNM", header, file.Length);
        long count = (long)width * height * layout.ChannelCount();
        ReadOnlySpan<byte> data = file[position..];
        // A plain sample takes at least a digit and, except in a bitmap, a space.
        long needed = isPlain ? isBitmap ? count : 2 * count - 1
            : isBitmap ? (width + 7L) / 8 * height : count * bytesPerSample;
        if (data.Length < needed)
            throw new ImageFormatException($"PNM: {width} x {height} pixels take {needed} bytes, but only {data.Length} follow the header.");
        Image image = Image.Create(width, height, layout, header.BitDepth);
        if (!isPlain && maximum == byte.MaxValue)
        {
            data[..(int)count].CopyTo(image.Samples8);
            return image;
        }

        for (int i = 0; i < count; i++)
        {
            int value;
            if (isPlain)
                value = isBitmap ? ReadBit(file, ref position) : ReadNumber(file, ref position, $"sample {i}");
            else if (isBitmap)
                value = data[(int)(i / width * ((width + 7L) / 8)) + i % width / 8] >> (7 - i % width % 8) & 1;
            else
                value = bytesPerSample == 1 ? data[i] : BinaryPrimitives.ReadUInt16BigEndian(data[(2 * i)..]);
            if (value > maximum)
                throw new ImageFormatException($"PNM: sample {i} is {value}, above the maximum value {maximum} of the header.");
            // In a bitmap 1 is black.
            if (bytesPerSample == 1)
                image.Samples8[i] = (byte)((isBitmap ? 255 - value * 255 : value * 255 + maximum / 2) / maximum);
            else
                image.Samples16[i] = (ushort)((value * 65535L + maximum / 2) / maximum);
        }

        return image;
    }

    private static int ReadBit(ReadOnlySpan<byte> file, ref int position)
    {
        SkipSpace(file, ref position);
        return position < file.Length && file[position] is (byte)'0' or (byte)'1'
            ? file[position++] - '0'
            : throw new ImageFormatException($"PNM: there is no 0 or 1 at byte {position}: the file is truncated or damaged.");
    }

    private static int ReadNumber(ReadOnlySpan<byte> file, ref int position, string name)
    {
        SkipSpace(file, ref position);
        int start = position;
        long value = 0;
        while (position < file.Length && file[position] is >= (byte)'0' and <= (byte)'9')
        {
            value = value * 10 + (file[position++] - '0');
            if (value > int.MaxValue)
                throw new ImageFormatException($"PNM: the {name} is out of range.");
        }
        return position > start ? (int)value : throw new ImageFormatException($"PNM: there is no {name} at byte {position}: the file is truncated or damaged.");
    }

    private static void SkipSpace(ReadOnlySpan<byte> file, ref int position)
    {
        while (position < file.Length && (IsSpace(file[position]) || file[position] == '#'))
        {
            if (file[position] == '#')
            {
                while (position < file.Length && file[position] is not ((byte)'\n' or (byte)'\r'))
                    position++;
            }
            else
            {
                position++;
            }
        }
    }
}
