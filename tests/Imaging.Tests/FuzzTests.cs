using System.Globalization;

namespace Gsasr.Imaging.Tests;

public class FuzzTests(ITestOutputHelper output)
{
    /// <summary>
    /// The number of damaged files of each format; the environment variable GSASR_FUZZ_COUNT asks for more, and
    /// GSASR_FUZZ_SEED for others.
    /// </summary>
    private static int Setting(string name, int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int set) ? set : value;

    [Fact]
    public void Damaged_PNG_files_do_no_harm()
    {
        var files = new List<byte[]>();
        foreach (ChannelLayout layout in Enum.GetValues<ChannelLayout>())
        {
            foreach (int depth in new[] { 8, 16 })
            {
                Image image = TestImages.Generate(23, 11, layout, depth, 1);
                image.Metadata = new ImageMetadata
                {
                    IccProfile = Metadata.Profile(layout.IsGrey() ? "GRAY" : "RGB ", 300),
                    Exif = Metadata.Exif(6, littleEndian: true),
                    Density = new PixelDensity(2835, 2835, true),
                    Xmp = Metadata.Xmp,
                    PngChunks = [new PngChunk("gAMA", [0, 0, 0xB1, 0x8F])],
                };
                files.Add(TestImages.Encode(image, ImageFormat.Png));
            }
        }
        int[] samples = [.. Enumerable.Range(0, 24 * 9).Select(i => i * 7 % 4)];
        foreach (bool interlaced in new[] { false, true })
        {
            foreach (int depth in new[] { 2, 8 })
            {
                var builder = new PngBuilder().Header(24, 9, depth, 3, interlaced ? 1 : 0);
                builder.Chunk("PLTE", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12).Chunk("tRNS", 0, 128);
                files.Add(builder.Pixels(samples, 24, 9, 1, depth, -1, interlaced).End());
            }
            files.Add(new PngBuilder().Header(24, 9, 4, 0, interlaced ? 1 : 0).Chunk("tRNS", 0, 1)
                .Pixels(samples, 24, 9, 1, 4, -1, interlaced).End());
        }
        Fuzz(files);
    }

    [Fact]
    public void Damaged_JPEG_files_do_no_harm()
    {
        var files = new List<byte[]>();
        Image image = TestImages.Generate(50, 37, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata { IccProfile = Metadata.Profile("RGB ", 300), Exif = Metadata.Exif(5, littleEndian: false) };
        files.Add(TestImages.Encode(image, ImageFormat.Jpeg));
        files.Add(TestImages.Encode(image, ImageFormat.Jpeg, new ImageWriteOptions { Quality = 60 }));
        files.Add(TestImages.Encode(TestImages.Generate(50, 37, ChannelLayout.Grey, 8, 1), ImageFormat.Jpeg));
        foreach (string[] arguments in new string[][]
        {
            ["-progressive"], ["-progressive", "-restart", "2B", "-sample", "1x1"], ["-restart", "3B", "-sample", "2x1"],
            ["-sample", "1x2", "-quality", "100"], ["-sample", "4x1"], ["-grayscale", "-progressive"], ["-quality", "2"],
        })
        {
            files.Add(Tool.Cjpeg(image, arguments));
        }
        files.Add(Tool.Convert(TestImages.Encode(image, ImageFormat.Png), "jpeg", "-colorspace", "CMYK"));
        Fuzz(files);
    }

    [Fact]
    public void Damaged_PNM_files_do_no_harm()
    {
        var files = new List<byte[]>();
        foreach (ChannelLayout layout in new[] { ChannelLayout.Grey, ChannelLayout.Rgb })
        {
            foreach (int depth in new[] { 8, 16 })
                files.Add(TestImages.Encode(TestImages.Generate(9, 5, layout, depth, 1), ImageFormat.Pnm));
        }
        files.Add([.. "P1 3 2\n1 0 1 011"u8]);
        files.Add([.. "P3 2 1 9\n1 2 3 4 5 9"u8]);
        files.Add([.. "P4 9 1\n"u8, 0x55, 0x80]);
        files.Add([.. "P5 # comment\n4 2\n# another\n100\n"u8, 1, 2, 3, 4, 5, 6, 7, 100]);
        Fuzz(files);
    }

    [Theory]
    [MemberData(nameof(FileKinds.OtherFormats), MemberType = typeof(FileKinds))]
    public void Damaged_files_of_other_formats_do_no_harm(string format) => Fuzz([.. FileKinds.All.Where(kind => kind.Format == format).Select(kind => kind.Make())]);

    private void Fuzz(List<byte[]> files)
    {
        var fuzzer = new Fuzzer(Setting("GSASR_FUZZ_SEED", 1));
        files.ForEach(fuzzer.Add);
        fuzzer.Run(Setting("GSASR_FUZZ_COUNT", 700));
        output.WriteLine($"{fuzzer.Accepted} read, {fuzzer.Refused} refused");
        output.WriteLine($"longest {fuzzer.Longest.TotalMilliseconds:F1} ms, most {fuzzer.MostAllocated} bytes");
        Assert.True(fuzzer.Accepted > 0 && fuzzer.Refused > 0, "The damage is too light or too heavy to test anything.");
    }
}
