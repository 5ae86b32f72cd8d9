using System.Buffers.Binary;

namespace Gsasr.Imaging.Jpeg;

/// <summary>Encodes baseline JPEG, grey or YCbCr, with the standard quantisation tables and Huffman tables made for the image.</summary>
internal static class JpegEncoder
{
    /// <summary>The widest and highest image that the format holds.</summary>
    public const int MaximumSide = 65535;

    private const int FullColourQuality = 90;

    /// <summary>Encodes an 8-bit image without alpha of at most 65535 x 65535 pixels.</summary>
    public static void Encode(Stream stream, Image image, ImageWriteOptions options)
    {
        bool isSubsampled = options.JpegSubsampling switch
        {
            JpegSubsampling.None => false,
            JpegSubsampling.TwoByTwo => true,
            _ => options.JpegQuality < FullColourQuality,
        };
        int[] luminance = ScaleQuantisation(JpegTables.LuminanceQuantisation, options.JpegQuality);
        int[] chrominance = ScaleQuantisation(JpegTables.ChrominanceQuantisation, options.JpegQuality);
        var planes = JpegPlanes.Transform(image, isSubsampled, luminance, chrominance);

        // Grey images have one pair of tables, colour images another one for both colour differences.
        JpegHuffmanStatistics[] statistics = [.. planes.Components.Take(2).Select(_ => new JpegHuffmanStatistics())];
        VisitBlocks(planes, options, (component, block, previous) =>
            JpegBlockCoder.Count(block, previous, statistics[Math.Min(component, 1)]));
        JpegHuffmanCode[] dcCodes = [.. statistics.Select(tables => JpegHuffmanCode.Optimal(tables.Dc))];
        JpegHuffmanCode[] acCodes = [.. statistics.Select(tables => JpegHuffmanCode.Optimal(tables.Ac))];

        stream.Write([0xFF, JpegMarker.Soi]);
        JpegMetadata.Write(stream, image);
        WriteQuantisation(stream, 0, luminance);
        if (planes.Components.Length > 1)
            WriteQuantisation(stream, 1, chrominance);
        WriteFrameHeader(stream, image, planes);
        for (int i = 0; i < statistics.Length; i++)
        {
            WriteHuffmanCode(stream, 0x00 | i, dcCodes[i]);
            WriteHuffmanCode(stream, 0x10 | i, acCodes[i]);
        }
        WriteScanHeader(stream, planes);
        var writer = new JpegBitWriter(stream);
        VisitBlocks(planes, options, (component, block, previous) =>
            JpegBlockCoder.Write(block, previous, dcCodes[Math.Min(component, 1)], acCodes[Math.Min(component, 1)], writer));
        writer.Finish();
        stream.Write([0xFF, JpegMarker.Eoi]);
    }

    private delegate void BlockAction(int component, ReadOnlySpan<short> block, int previousDc);

    // All blocks in the order of the file: by MCUs, in each of them by components. A component's DC value goes to its next block.
    private static void VisitBlocks(JpegPlanes planes, ImageWriteOptions options, BlockAction action)
    {
        Span<int> previous = stackalloc int[planes.Components.Length];
        // A block that only fills an MCU up costs least if it repeats the DC value before it.
        Span<short> filler = stackalloc short[64];
        filler.Clear();
        for (int mcuY = 0; mcuY < planes.McusDown; mcuY++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            for (int mcuX = 0; mcuX < planes.McusAcross; mcuX++)
            {
                for (int c = 0; c < planes.Components.Length; c++)
                {
                    JpegPlanes.Component component = planes.Components[c];
                    for (int i = 0; i < component.Sampling * component.Sampling; i++)
                    {
                        int x = mcuX * component.Sampling + i % component.Sampling;
                        int y = mcuY * component.Sampling + i / component.Sampling;
                        filler[0] = (short)previous[c];
                        ReadOnlySpan<short> block = x < component.BlocksAcross && y < component.BlocksDown
                            ? component.Coefficients.AsSpan((y * component.BlocksAcross + x) * 64, 64)
                            : filler;
                        action(c, block, previous[c]);
                        previous[c] = block[0];
                    }
                }
            }
        }
    }

    // libjpeg's scale: 50 is the table of the standard, 100 is all ones, 1 is fifty times the standard's, at most 255.
    private static int[] ScaleQuantisation(ReadOnlySpan<byte> table, int quality)
    {
        int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        int[] scaled = new int[64];
        for (int i = 0; i < 64; i++)
            scaled[i] = Math.Clamp((table[i] * percent + 50) / 100, 1, 255);
        return scaled;
    }

    private static void WriteQuantisation(Stream stream, int index, int[] table)
    {
        Span<byte> data = stackalloc byte[64];
        for (int k = 0; k < 64; k++)
            data[k] = (byte)table[JpegTables.ZigZag[k]];
        JpegMetadata.WriteSegment(stream, JpegMarker.Dqt, [(byte)index], data);
    }

    private static void WriteFrameHeader(Stream stream, Image image, JpegPlanes planes)
    {
        byte[] header = new byte[6 + 3 * planes.Components.Length];
        header[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(1), (ushort)image.Height);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)image.Width);
        header[5] = (byte)planes.Components.Length;
        for (int i = 0; i < planes.Components.Length; i++)
        {
            header[6 + 3 * i] = (byte)(i + 1);
            header[7 + 3 * i] = (byte)(planes.Components[i].Sampling * 0x11);
            header[8 + 3 * i] = (byte)Math.Min(i, 1);
        }
        JpegMetadata.WriteSegment(stream, JpegMarker.Sof0, header, []);
    }

    private static void WriteHuffmanCode(Stream stream, int classAndIndex, JpegHuffmanCode code) =>
        JpegMetadata.WriteSegment(stream, JpegMarker.Dht, [(byte)classAndIndex, .. code.CountsByLength], code.Symbols);

    private static void WriteScanHeader(Stream stream, JpegPlanes planes)
    {
        byte[] header = new byte[4 + 2 * planes.Components.Length];
        header[0] = (byte)planes.Components.Length;
        for (int i = 0; i < planes.Components.Length; i++)
        {
            header[1 + 2 * i] = (byte)(i + 1);
            header[2 + 2 * i] = (byte)(Math.Min(i, 1) * 0x11);
        }
        // All coefficients, all bits.
        header[^2] = 63;
        JpegMetadata.WriteSegment(stream, JpegMarker.Sos, header, []);
    }
}
