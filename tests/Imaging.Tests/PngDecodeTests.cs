namespace Gsasr.Imaging.Tests;

public class PngDecodeTests
{
    private static readonly (int ColourType, int[] Depths, int Channels)[] Kinds =
    [
        (0, [1, 2, 4, 8, 16], 1), (2, [8, 16], 3), (3, [1, 2, 4, 8], 1), (4, [8, 16], 2), (6, [8, 16], 4),
    ];

    /// <summary>Colour type, depth, whether interlaced, whether with a tRNS chunk.</summary>
    public static TheoryData<int, int, bool, bool> AllKinds()
    {
        var data = new TheoryData<int, int, bool, bool>();
        foreach ((int colourType, int[] depths, _) in Kinds)
        {
            foreach (int depth in depths)
            {
                foreach (bool interlaced in new[] { false, true })
                {
                    data.Add(colourType, depth, interlaced, false);
                    if (colourType is 0 or 2 or 3)
                        data.Add(colourType, depth, interlaced, true);
                }
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void Every_kind_decodes_to_the_samples_it_was_made_from(int colourType, int depth, bool interlaced, bool transparent)
    {
        foreach ((int width, int height) in new[] { (1, 1), (2, 9), (7, 3), (8, 8), (33, 17), (101, 12) })
        {
            for (int filter = -1; filter <= 4; filter++)
            {
                (byte[] file, Image expected) = Make(width, height, colourType, depth, interlaced, transparent, filter);
                TestImages.AssertSame(expected, ImageFile.Decode(file));
            }
        }
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void Every_kind_decodes_as_by_ImageMagick(int colourType, int depth, bool interlaced, bool transparent)
    {
        (byte[] file, _) = Make(37, 21, colourType, depth, interlaced, transparent, filter: -1);
        TestImages.AssertSame(Tool.DecodeWithImageMagick(file), TestImages.ToRgba16(ImageFile.Decode(file)));
    }

    [Theory]
    [InlineData("astronaut.png")]
    [InlineData("chelsea.png")]
    [InlineData("coffee.png")]
    public void Photographs_decode_as_by_ImageMagick(string name)
    {
        byte[] file = File.ReadAllBytes(TestImages.Photo(name));
        TestImages.AssertSame(Tool.DecodeWithImageMagick(file), TestImages.ToRgba16(ImageFile.Decode(file)));
    }

    [Fact]
    public void Pixel_data_may_be_split_over_many_chunks_and_followed_by_anything()
    {
        Image image = TestImages.Generate(20, 10, ChannelLayout.Rgb, 8, 1);
        byte[] rows = [.. Enumerable.Range(0, 10).SelectMany(y => (byte[])[0, .. image.Samples8.AsSpan(60 * y, 60)])];
        var split = new PngBuilder().Header(20, 10, 8, 2).Chunk("teXt", 1, 2, 3);
        foreach (byte value in PngBuilder.Deflate(rows))
            split.Chunk("IDAT", value).Chunk("IDAT");
        byte[] file = [.. split.Chunk("tIME", 7).End(), 1, 2, 3];
        TestImages.AssertSame(image, ImageFile.Decode(file));
    }

    /// <summary>A PNG file and what it shows, derived from the same random samples without the decoder.</summary>
    private static (byte[] File, Image Expected) Make(
        int width, int height, int colourType, int depth, bool interlaced, bool transparent, int filter)
    {
        int channels = Kinds.Single(kind => kind.ColourType == colourType).Channels;
        var random = new Random(HashCode.Combine(width, colourType, depth) & 0xFFFF);
        int levels = 1 << depth;
        int entries = Math.Min(levels, 200);
        int[] samples = new int[width * height * channels];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = colourType == 3 ? random.Next(entries) : random.Next(3) == 0 ? random.Next(levels) : levels * (i % 50) / 50;

        var builder = new PngBuilder().Header((uint)width, (uint)height, depth, colourType, interlaced ? 1 : 0);
        byte[] palette = new byte[entries * 3];
        byte[] alpha = new byte[(entries + 1) / 2];
        random.NextBytes(palette);
        random.NextBytes(alpha);
        int[] key = samples[^channels..];
        if (colourType == 3)
            builder.Chunk("PLTE", palette);
        if (transparent)
            builder.Chunk("tRNS", colourType == 3 ? alpha : [.. key.SelectMany(value => new[] { (byte)(value >> 8), (byte)value })]);
        byte[] file = builder.Pixels(samples, width, height, channels, depth, filter, interlaced).End();

        var expected = new List<int>();
        int maximum = depth == 16 ? 65535 : 255;
        for (int i = 0; i < width * height; i++)
        {
            Span<int> pixel = samples.AsSpan(i * channels, channels);
            if (colourType == 3)
            {
                expected.AddRange([palette[pixel[0] * 3], palette[pixel[0] * 3 + 1], palette[pixel[0] * 3 + 2]]);
                if (transparent)
                    expected.Add(pixel[0] < alpha.Length ? alpha[pixel[0]] : 255);
                continue;
            }
            foreach (int value in pixel)
                expected.Add((int)((long)value * maximum / (levels - 1)));
            if (transparent)
                expected.Add(pixel.SequenceEqual(key) ? 0 : maximum);
        }
        ChannelLayout layout = (ChannelLayout)(expected.Count / (width * height) - 1);
        return (file, depth == 16
            ? new Image(width, height, layout, [.. expected.Select(value => (ushort)value)])
            : new Image(width, height, layout, [.. expected.Select(value => (byte)value)]));
    }
}
