using System.Buffers.Binary;

namespace Gsasr.Imaging.Formats;

/// <summary>The frame header of a JPEG (SOF0, SOF1 or SOF2), and what the scans had of its components.</summary>
internal sealed class JpegFrame
{
    private JpegFrame(int width, int height, bool isProgressive, Component[] components)
    {
        (Width, Height, IsProgressive, Components) = (width, height, isProgressive, components);
        MaximumHorizontal = components.Max(component => component.Horizontal);
        MaximumVertical = components.Max(component => component.Vertical);
    }

    public int Width { get; }

    public int Height { get; }

    public bool IsProgressive { get; }

    public Component[] Components { get; }

    public int MaximumHorizontal { get; }

    public int MaximumVertical { get; }

    /// <summary>The groups of blocks in a scan of several components, across and down.</summary>
    public (int Across, int Down) UnitsOfAll => (DivideUp(Width, 8 * MaximumHorizontal), DivideUp(Height, 8 * MaximumVertical));

    /// <summary>Reads and checks a frame header.</summary>
    public static JpegFrame Parse(ReadOnlySpan<byte> segment, bool isProgressive)
    {
        if (segment.Length < 6 || segment.Length != 6 + 3 * segment[5])
            throw Wrong("the frame header (SOF) has a wrong length.");
        if (segment[0] != 8)
            throw Wrong($"the image has {segment[0]} bits a sample; only 8 are supported.");
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        if (height == 0)
            throw Wrong("a height behind the data (DNL) is not supported.");
        if (segment[5] is not (1 or 3 or 4))
            throw Wrong($"the image has {segment[5]} components; 1 (grey), 3 (colour) and 4 (CMYK) are supported.");
        var components = new Component[segment[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> entry = segment.Slice(6 + 3 * i, 3);
            components[i] = new Component(entry[0], entry[1] >> 4, entry[1] & 15);
            if (components[i].Horizontal is < 1 or > 4 || components[i].Vertical is < 1 or > 4 || entry[2] > 3)
                throw Wrong($"component {i + 1} has a sampling factor or quantisation table that does not exist.");
            if (Array.Exists(components[..i], other => other.Id == components[i].Id))
                throw Wrong($"two components have the identifier {entry[0]}.");
        }

        var frame = new JpegFrame(width, height, isProgressive, components);
        foreach (Component component in components)
        {
            if (frame.MaximumHorizontal % component.Horizontal != 0 || frame.MaximumVertical % component.Vertical != 0)
                throw Wrong("sampling factors whose ratio is not a whole number are not supported.");
        }

        if (isProgressive)
        {
            foreach (Component component in components)
                component.NonZero = new ulong[]?[frame.BlocksOf(component).Down];
        }

        return frame;
    }

    /// <summary>Fails if a component was in no scan.</summary>
    public void CheckComplete()
    {
        if (Array.Find(Components, component => !component.IsSeen) is { } missing)
            throw Wrong($"there are no data for component {missing.Id}: the file is truncated or damaged.");
    }

    /// <summary>The blocks of 8 x 8 samples of a component, across and down.</summary>
    public (int Across, int Down) BlocksOf(Component component) => (
        DivideUp(DivideUp(Width * component.Horizontal, MaximumHorizontal), 8),
        DivideUp(DivideUp(Height * component.Vertical, MaximumVertical), 8));

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;

    private static ImageFormatException Wrong(string what) => new($"JPEG: {what}");

    /// <summary>A component: its identifier and its samples in a unit, across and down.</summary>
    internal sealed record Component(int Id, int Horizontal, int Vertical)
    {
        /// <summary>Whether a scan had its mean values, without which there is no picture.</summary>
        public bool IsSeen { get; set; }

        /// <summary>
        /// For every block of a progressive file a bit for each coefficient that is not zero. A row of blocks is there once it has one.
        /// </summary>
        public ulong[]?[] NonZero { get; set; } = [];
    }
}
