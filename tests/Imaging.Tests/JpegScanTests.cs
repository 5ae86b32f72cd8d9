using System.Buffers.Binary;

namespace Gsasr.Imaging.Tests;

/// <summary>JPEG files whose coded data end early although all markers are there. The decoder would fill up silently.</summary>
public class JpegScanTests
{
    public static TheoryData<string> Kinds() =>
    [
        "", "-sample 1x1", "-sample 2x1 -restart 3B", "-optimize", "-grayscale", "-progressive", "-progressive -sample 1x1", "-progressive -restart 2B",
        "-progressive -grayscale", "-quality 100 -progressive", "-quality 5",
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_scan_cut_short_anywhere_is_refused(string arguments)
    {
        byte[] file = Make(arguments);
        Assert.Equal(61, ImageFile.Decode(file).Width);
        foreach ((int start, int end) in Scans(file))
        {
            for (int cut = start; cut < end; cut++)
            {
                // A cut there leaves half of two bytes that stand for one, or a marker.
                if (file[cut - 1] == 0xFF || file[cut] == 0xFF)
                    continue;
                string message = TestImages.Refusal([.. file[..cut], .. file[end..]]) ?? throw new InvalidOperationException($"Read without the bytes {cut} to {end}.");
                Assert.True(
                    message.Contains("the compressed data end in row", StringComparison.Ordinal) || message.Contains("restart marker", StringComparison.Ordinal), message);
                Assert.NotNull(TestImages.Refusal([.. file[..cut], 0xFF, 0xD9]));
            }
        }
    }

    [Fact]
    public void The_row_in_which_the_data_end_is_named()
    {
        byte[] file = Make("-sample 1x1");
        (int start, int end) = Assert.Single(Scans(file));
        Assert.Equal(
            "JPEG: the compressed data end in row 3 of 6 of a scan: the file is truncated or damaged.",
            TestImages.Refusal([.. file[..(start + 6 * (end - start) / 10)], 0xFF, 0xD9]));
    }

    [Fact]
    public void Codes_that_are_not_in_the_table_are_refused()
    {
        byte[] file = Make("-sample 1x1");
        (int start, _) = Assert.Single(Scans(file));
        for (int i = 0; i < 8; i += 2)
            (file[start + i], file[start + i + 1]) = (0xFF, 0);
        Assert.Contains("cannot be decoded: the file is damaged", TestImages.Refusal(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0xFF, 0, 0x55 })]
    public void Bytes_before_the_first_segment_are_skipped_with_a_note(byte[] stray)
    {
        byte[] file = Make("");
        byte[] longer = [.. file[..2], .. stray, .. file[2..]];
        Image image = ImageFile.Decode(longer);
        TestImages.AssertSame(ImageFile.Decode(file), image);
        Assert.Equal($"JPEG: {stray.Length} bytes that belong to no segment were skipped.", Assert.Single(image.Notes));
    }

    private static byte[] Make(string arguments) =>
        Tool.Cjpeg(TestImages.Crop(FileKinds.Photo.Value, 61, 47), arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    // Where the coded data of the scans begin and end.
    private static List<(int Start, int End)> Scans(byte[] file)
    {
        var scans = new List<(int, int)>();
        for (int position = 2; file[position + 1] != 0xD9;)
        {
            bool isScan = file[position + 1] == 0xDA;
            position += 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(position + 2));
            if (!isScan)
                continue;
            int start = position;
            while (file[position] != 0xFF || file[position + 1] is 0 or (>= 0xD0 and <= 0xD7))
                position++;
            scans.Add((start, position));
        }

        return scans;
    }
}
