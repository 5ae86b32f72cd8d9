namespace Gsasr.Imaging.Tests;

/// <summary>Images to test with, and ways to compare them.</summary>
internal static class TestImages
{
    /// <summary>The path of a photograph in tests/data/photos.</summary>
    public static string Photo(string name) => InRepository("tests", "data", "photos", name);

    /// <summary>A path in the repository.</summary>
    public static string InRepository(params string[] parts)
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "GSASR.Managed.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("GSASR.Managed.sln was not found.");
        return Path.Combine([folder, .. parts]);
    }

    /// <summary>The top left corner of a photograph, so that odd sizes have real content.</summary>
    public static Image Crop(Image image, int width, int height, bool grey = false)
    {
        int channels = grey ? 1 : image.ChannelCount;
        byte[] samples = new byte[width * height * channels];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < channels; c++)
                    samples[(y * width + x) * channels + c] = image.Samples8[(y * image.Width + x) * image.ChannelCount + c];
            }
        }
        return new Image(width, height, grey ? ChannelLayout.Grey : image.Layout, samples);
    }

    /// <summary>A smooth picture with noise, so that every filter and every path has something to do.</summary>
    public static Image Generate(int width, int height, ChannelLayout layout, int bitDepth, int seed)
    {
        var random = new Random(seed);
        int channels = layout.ChannelCount();
        ushort[] samples = new ushort[width * height * channels];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < channels; c++)
                {
                    double smooth = 32768 + 20000 * Math.Sin(x * 0.11 + c) * Math.Cos(y * 0.07 - c) + random.Next(-3000, 3000);
                    samples[(y * width + x) * channels + c] = (ushort)smooth;
                }
            }
        }
        return bitDepth == 16
            ? new Image(width, height, layout, samples)
            : new Image(width, height, layout, Array.ConvertAll(samples, s => (byte)(s >> 8)));
    }

    /// <summary>The image as RGBA of 16 bits, to compare images of all layouts and depths.</summary>
    public static ushort[] ToRgba16(Image image)
    {
        int channels = image.ChannelCount;
        ushort[] rgba = new ushort[image.Width * image.Height * 4];
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            for (int c = 0; c < 4; c++)
            {
                bool isAlpha = c == 3;
                int source = isAlpha ? channels - 1 : image.Layout.IsGrey() ? 0 : c;
                rgba[4 * i + c] = isAlpha && !image.Layout.HasAlpha() ? (ushort)65535
                    : image.BitDepth == 16 ? image.Samples16[i * channels + source]
                    : (ushort)(image.Samples8[i * channels + source] * 257);
            }
        }
        return rgba;
    }

    /// <summary>Fails unless two images are the same, sample for sample.</summary>
    public static void AssertSame(Image expected, Image actual)
    {
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.Equal((expected.Layout, expected.BitDepth), (actual.Layout, actual.BitDepth));
        if (expected.BitDepth == 8)
            AssertSame(expected.Samples8, actual.Samples8);
        else
            AssertSame(expected.Samples16, actual.Samples16);
    }

    /// <summary>
    /// Fails unless two images of 8 bits are as close as two decoders of one JPEG: the same but for one sample in 10,000, where sums that are nearly
    /// half a level were rounded differently, by 2 levels at most. (What is 1 in a component can be 2 in blue.)
    /// </summary>
    public static void AssertClose(Image expected, Image actual)
    {
        Assert.Equal((expected.Width, expected.Height, expected.Layout), (actual.Width, actual.Height, actual.Layout));
        int different = 0;
        for (int i = 0; i < expected.Samples8.Length; i++)
        {
            int difference = Math.Abs(expected.Samples8[i] - actual.Samples8[i]);
            Assert.True(difference <= 2, $"Sample {i} is {actual.Samples8[i]} instead of {expected.Samples8[i]}.");
            different += difference > 0 ? 1 : 0;
        }

        Assert.True(different <= 3 + expected.Samples8.Length / 10_000, $"{different} of {expected.Samples8.Length} samples differ.");
    }

    /// <summary>Fails unless two arrays are the same; names the first difference.</summary>
    public static void AssertSame<T>(T[] expected, T[] actual)
        where T : IEquatable<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        int same = expected.AsSpan().CommonPrefixLength(actual);
        if (same < expected.Length)
            Assert.Fail($"Sample {same} of {expected.Length} is {actual[same]} instead of {expected[same]}.");
    }

    /// <summary>Writes an image to memory.</summary>
    public static byte[] Encode(Image image, ImageFormat format, ImageWriteOptions? options = null)
    {
        var stream = new MemoryStream();
        ImageFile.Write(stream, image, format, options);
        return stream.ToArray();
    }

    /// <summary>Why a file is refused; null if it is read.</summary>
    public static string? Refusal(byte[] file)
    {
        try
        {
            ImageFile.Decode(file);
            return null;
        }
        catch (ImageFormatException e)
        {
            return e.Message;
        }
    }
}
