using System.Text;

namespace Gsasr.Imaging.Pnm;

/// <summary>Binary PGM (P5) and PPM (P6), after the netpbm format pages. A file with several images yields the first.</summary>
internal static class PnmCodec
{
    /// <summary>Whether a byte is white space in a PNM header.</summary>
    public static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Decodes a file that begins with P5 or P6.</summary>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ChannelLayout layout = file[1] == '5' ? ChannelLayout.Grey : ChannelLayout.Rgb;
        int channels = layout.ChannelCount();
        int position = 2;
        int width = ReadNumber(file, ref position, "width");
        int height = ReadNumber(file, ref position, "height");
        int maximum = ReadNumber(file, ref position, "maximum value");
        if (maximum is < 1 or > 65535)
            throw new ImageFormatException($"PNM: the maximum value is {maximum}; it must be 1 to 65535.");
        // Exactly one white space byte stands between the header and the samples, whatever the first sample looks like.
        if (position >= file.Length || !IsSpace(file[position]))
            throw new ImageFormatException("PNM: no white space after the maximum value.");
        position++;

        limits.Check("PNM", width, height, layout, maximum > 255 ? 16 : 8);
        int bytesPerSample = maximum > 255 ? 2 : 1;
        long count = (long)width * height * channels;
        ReadOnlySpan<byte> data = file[position..];
        if (data.Length < count * bytesPerSample)
        {
            throw new ImageFormatException(
                $"PNM: {width} x {height} pixels take {count * bytesPerSample} bytes, but only {data.Length} follow the header.");
        }
        return bytesPerSample == 1
            ? new Image(width, height, layout, Decode8(data[..(int)count], maximum))
            : new Image(width, height, layout, Decode16(data, (int)count, maximum));
    }

    /// <summary>Encodes an image without alpha as P5 or P6.</summary>
    public static void Encode(Stream stream, Image image)
    {
        char kind = image.Layout.IsGrey() ? '5' : '6';
        int maximum = image.BitDepth == 8 ? 255 : 65535;
        stream.Write(Encoding.ASCII.GetBytes($"P{kind}\n{image.Width} {image.Height}\n{maximum}\n"));
        if (image.BitDepth == 8)
        {
            stream.Write(image.Samples8);
            return;
        }
        int samplesPerRow = image.Width * image.ChannelCount;
        byte[] row = new byte[samplesPerRow * 2];
        for (int y = 0; y < image.Height; y++)
        {
            BigEndian.Write(image.Samples16.AsSpan(y * samplesPerRow, samplesPerRow), row);
            stream.Write(row);
        }
    }

    private static byte[] Decode8(ReadOnlySpan<byte> data, int maximum)
    {
        byte[] samples = data.ToArray();
        if (maximum < 255)
        {
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (byte)((CheckSample(samples[i], maximum, i) * 255 + maximum / 2) / maximum);
        }
        return samples;
    }

    private static ushort[] Decode16(ReadOnlySpan<byte> data, int count, int maximum)
    {
        ushort[] samples = new ushort[count];
        BigEndian.Read(data[..(count * 2)], samples);
        if (maximum < 65535)
        {
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)((CheckSample(samples[i], maximum, i) * 65535L + maximum / 2) / maximum);
        }
        return samples;
    }

    private static int CheckSample(int sample, int maximum, int index) => sample <= maximum
        ? sample
        : throw new ImageFormatException($"PNM: sample {index} is {sample}, above the maximum value {maximum} of the header.");

    private static int ReadNumber(ReadOnlySpan<byte> file, ref int position, string name)
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
        int start = position;
        long value = 0;
        while (position < file.Length && file[position] is >= (byte)'0' and <= (byte)'9')
        {
            value = value * 10 + (file[position++] - '0');
            if (value > int.MaxValue)
                throw new ImageFormatException($"PNM: the {name} in the header is out of range.");
        }
        return position > start ? (int)value : throw new ImageFormatException($"PNM: the header has no {name}.");
    }
}
