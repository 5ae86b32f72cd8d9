using System.Buffers.Binary;

namespace Gsasr.Imaging.Jpeg;

/// <summary>The frame header (SOF0, SOF1 or SOF2) and the memory of its components.</summary>
internal sealed class JpegFrame
{
    private JpegFrame(int width, int height, bool isProgressive, JpegComponent[] components)
    {
        Width = width;
        Height = height;
        IsProgressive = isProgressive;
        Components = components;
        MaximumHorizontalSampling = components.Max(component => component.HorizontalSampling);
        MaximumVerticalSampling = components.Max(component => component.VerticalSampling);
        McusAcross = DivideUp(width, 8 * MaximumHorizontalSampling);
        McusDown = DivideUp(height, 8 * MaximumVerticalSampling);
        foreach (JpegComponent component in components)
        {
            component.Width = DivideUp(width * component.HorizontalSampling, MaximumHorizontalSampling);
            component.Height = DivideUp(height * component.VerticalSampling, MaximumVerticalSampling);
            component.Stride = McusAcross * component.HorizontalSampling;
            component.BlockRows = McusDown * component.VerticalSampling;
        }
    }

    public int Width { get; }

    public int Height { get; }

    public bool IsProgressive { get; }

    public JpegComponent[] Components { get; }

    public int MaximumHorizontalSampling { get; }

    public int MaximumVerticalSampling { get; }

    public int McusAcross { get; }

    public int McusDown { get; }

    /// <summary>Reads and checks a frame header; allocates nothing for pixels yet.</summary>
    public static JpegFrame Parse(ReadOnlySpan<byte> segment, bool isProgressive, ImageLimits limits)
    {
        if (segment.Length < 6 || segment.Length != 6 + 3 * segment[5])
            throw new ImageFormatException("JPEG: the frame header (SOF) has a wrong length.");
        if (segment[0] != 8)
            throw new ImageFormatException($"JPEG: the image has {segment[0]} bits a sample; only 8 are supported.");
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        int count = segment[5];
        if (height == 0)
            throw new ImageFormatException($"JPEG: {JpegMarker.UnsupportedProcess(JpegMarker.Dnl)} is not supported.");
        if (count == 4)
            throw new ImageFormatException("JPEG: CMYK and YCCK images are not supported: convert the image to RGB first.");
        if (count is not (1 or 3))
            throw new ImageFormatException($"JPEG: the image has {count} components; 1 (grey) and 3 (colour) are supported.");
        limits.Check("JPEG", width, height, count == 1 ? ChannelLayout.Grey : ChannelLayout.Rgb, bitDepth: 8);

        var components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = segment.Slice(6 + 3 * i, 3);
            components[i] = new JpegComponent
            {
                Id = entry[0],
                HorizontalSampling = entry[1] >> 4,
                VerticalSampling = entry[1] & 15,
                QuantisationIndex = entry[2],
            };
            JpegComponent added = components[i];
            if (added.HorizontalSampling is < 1 or > 4 || added.VerticalSampling is < 1 or > 4 || added.QuantisationIndex > 3)
                throw new ImageFormatException($"JPEG: component {i + 1} has a sampling factor or quantisation table that does not exist.");
            for (int other = 0; other < i; other++)
            {
                if (components[other].Id == added.Id)
                    throw new ImageFormatException($"JPEG: two components have the identifier {added.Id}.");
            }
        }
        var frame = new JpegFrame(width, height, isProgressive, components);
        frame.CheckSampling();
        return frame;
    }

    /// <summary>Allocates the components' memory, if a file of this length can hold so many blocks.</summary>
    public void Allocate(int fileLength)
    {
        long blocks = 0;
        foreach (JpegComponent component in Components)
            blocks += (long)component.BlocksAcross * component.BlocksDown;
        // A Huffman code has at least one bit: every block takes one for its DC value and, sequentially, one to end its AC values.
        long blocksPerByte = IsProgressive ? 8 : 4;
        if (blocks > fileLength * blocksPerByte)
        {
            throw new ImageFormatException(
                $"JPEG: a file of {fileLength} bytes cannot hold {Width} x {Height} pixels: it is truncated or damaged.");
        }
        foreach (JpegComponent component in Components)
        {
            long samples = (long)component.Stride * component.BlockRows * 64;
            if (samples > Array.MaxLength)
                throw new ImageFormatException($"JPEG: {Width} x {Height} pixels do not fit in one array.");
            component.Samples = new byte[samples];
            if (IsProgressive)
                component.Coefficients = new short[samples];
        }
    }

    private void CheckSampling()
    {
        foreach (JpegComponent component in Components)
        {
            if (MaximumHorizontalSampling % component.HorizontalSampling != 0 || MaximumVerticalSampling % component.VerticalSampling != 0)
                throw new ImageFormatException("JPEG: sampling factors whose ratio is not a whole number are not supported.");
        }
    }

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;
}
