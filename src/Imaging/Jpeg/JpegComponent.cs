namespace Gsasr.Imaging.Jpeg;

/// <summary>One colour component of a frame: its sampling, its place in memory, and the state of its decoding.</summary>
internal sealed class JpegComponent
{
    /// <summary>Component identifier of the frame header.</summary>
    public required int Id { get; init; }

    /// <summary>Blocks across in an MCU, 1 to 4.</summary>
    public required int HorizontalSampling { get; init; }

    /// <summary>Blocks down in an MCU, 1 to 4.</summary>
    public required int VerticalSampling { get; init; }

    /// <summary>The quantisation table's number, 0 to 3.</summary>
    public required int QuantisationIndex { get; init; }

    /// <summary>Samples in a row that belong to the picture.</summary>
    public int Width { get; set; }

    /// <summary>Rows that belong to the picture.</summary>
    public int Height { get; set; }

    /// <summary>Blocks in memory per row of blocks: those of whole MCUs.</summary>
    public int Stride { get; set; }

    /// <summary>Rows of blocks in memory.</summary>
    public int BlockRows { get; set; }

    /// <summary>Blocks across that hold picture: what a scan of this component alone has.</summary>
    public int BlocksAcross => (Width + 7) / 8;

    /// <summary>Blocks down that hold picture.</summary>
    public int BlocksDown => (Height + 7) / 8;

    /// <summary>The decoded samples, [8 * BlockRows, 8 * Stride].</summary>
    public byte[] Samples { get; set; } = [];

    /// <summary>Progressive only: the coefficients gathered so far, [BlockRows, Stride, 64], each block row by row.</summary>
    public short[] Coefficients { get; set; } = [];

    /// <summary>The quantisation table at the component's first scan, row by row; null before.</summary>
    public int[]? Quantisation { get; set; }

    /// <summary>
    /// For each zigzag position the lowest bit known so far (the Al of its latest scan), or -1 before its first scan.
    /// </summary>
    public int[] KnownBit { get; } = [.. Enumerable.Repeat(-1, 64)];

    /// <summary>The DC value that the next block's difference is added to.</summary>
    public int DcPrediction { get; set; }

    /// <summary>The tables of the current scan.</summary>
    public JpegHuffmanTable? DcTable { get; set; }

    /// <inheritdoc cref="DcTable"/>
    public JpegHuffmanTable? AcTable { get; set; }
}
