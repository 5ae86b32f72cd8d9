namespace Gsasr.Imaging.Tests;

/// <summary>A file that ImageMagick makes of a photograph, and how it is to be read.</summary>
/// <param name="Name">What it is, for messages.</param>
/// <param name="Format">ImageMagick's name of the format.</param>
/// <param name="Layout">The channels expected.</param>
/// <param name="BitDepth">The bits of a sample expected.</param>
/// <param name="Arguments">What ImageMagick is told.</param>
internal sealed record FileKind(string Name, string Format, ChannelLayout Layout, int BitDepth, params string[] Arguments)
{
    /// <summary>How far a sample may be from what ImageMagick reads, in levels of 255; 0 for lossless formats.</summary>
    public double Tolerance { get; init; }

    /// <summary>The file.</summary>
    public byte[] Make()
    {
        Image image = TestImages.Crop(FileKinds.Photo.Value, 37, 29);
        if (Layout.HasAlpha())
            image = FileKinds.WithAlpha(image);
        return Tool.Convert(TestImages.Encode(image, ImageFormat.Png), Format, Arguments);
    }

    public override string ToString() => Name;
}

/// <summary>Files of every format but PNG, JPEG and PNM, which have tests of their own.</summary>
internal static class FileKinds
{
    private static readonly string[] ToGrey = ["-colorspace", "Gray"];

    public static Lazy<Image> Photo { get; } = new(() => ImageFile.Read(TestImages.Photo("chelsea.png")));

    public static IReadOnlyList<FileKind> All { get; } =
    [
        new("lossy WebP", "webp", ChannelLayout.Rgb, 8) { Tolerance = 1 },
        new("lossy WebP with alpha", "webp", ChannelLayout.Rgba, 8) { Tolerance = 1 },
        new("lossless WebP", "webp", ChannelLayout.Rgb, 8, "-define", "webp:lossless=true"),
        new("lossless WebP with alpha", "webp", ChannelLayout.Rgba, 8, "-define", "webp:lossless=true"),
        new("TIFF", "tiff", ChannelLayout.Rgb, 8, "-compress", "None"),
        new("TIFF, LZW", "tiff", ChannelLayout.Rgb, 8, "-compress", "LZW"),
        new("TIFF, Deflate", "tiff", ChannelLayout.Rgb, 8, "-compress", "Zip"),
        new("TIFF, PackBits", "tiff", ChannelLayout.Rgb, 8, "-compress", "RLE"),
        new("TIFF, JPEG", "tiff", ChannelLayout.Rgb, 8, "-compress", "JPEG") { Tolerance = 2 },
        new("TIFF, fax", "tiff", ChannelLayout.Grey, 8, "-monochrome", "-compress", "Group4"),
        new("TIFF of 1 bit", "tiff", ChannelLayout.Grey, 8, "-monochrome", "-compress", "None"),
        new("grey TIFF", "tiff", ChannelLayout.Grey, 8, ToGrey),
        new("grey TIFF of 16 bits", "tiff", ChannelLayout.Grey, 16, [.. ToGrey, "-depth", "16", "-evaluate", "multiply", "0.7"]),
        new("TIFF of 16 bits, big-endian", "tiff", ChannelLayout.Rgb, 16, "-depth", "16", "-evaluate", "multiply", "0.7", "-endian", "MSB"),
        new("TIFF with alpha", "tiff", ChannelLayout.Rgba, 8),
        new("TIFF of 16 bits with alpha", "tiff", ChannelLayout.Rgba, 16, "-depth", "16", "-channel", "RGB", "-evaluate", "multiply", "0.7"),
        new("TIFF in planes", "tiff", ChannelLayout.Rgb, 8, "-interlace", "plane", "-compress", "None"),
        new("TIFF with a palette", "tiff", ChannelLayout.Rgb, 8, "-type", "palette") { Tolerance = 0.5 },
        new("BMP", "bmp", ChannelLayout.Rgb, 8),
        new("BMP of version 3", "bmp3", ChannelLayout.Rgb, 8),
        new("BMP of version 2", "bmp2", ChannelLayout.Rgb, 8),
        new("BMP with alpha", "bmp", ChannelLayout.Rgba, 8),
        new("BMP with a palette", "bmp", ChannelLayout.Rgb, 8, "-type", "palette"),
        new("BMP of version 3 with a palette", "bmp3", ChannelLayout.Rgb, 8, "-type", "palette"),
        new("BMP, run lengths", "bmp", ChannelLayout.Rgb, 8, "-type", "palette", "-compress", "RLE"),
        new("BMP of 16 bits", "bmp", ChannelLayout.Rgb, 8, "-define", "bmp:subtype=RGB565") { Tolerance = 0.5 },
        new("BMP of 1 bit", "bmp", ChannelLayout.Rgb, 8, "-monochrome"),
        new("GIF", "gif", ChannelLayout.Rgb, 8),
        new("GIF with transparency", "gif", ChannelLayout.Rgba, 8, "-channel", "A", "-threshold", "50%"),
        new("TGA", "tga", ChannelLayout.Rgb, 8, "-compress", "None"),
        new("TGA, run lengths", "tga", ChannelLayout.Rgb, 8, "-compress", "RLE"),
        new("TGA with alpha", "tga", ChannelLayout.Rgba, 8, "-compress", "None"),
        new("TGA with alpha, run lengths", "tga", ChannelLayout.Rgba, 8, "-compress", "RLE"),
        new("grey TGA", "tga", ChannelLayout.Grey, 8, [.. ToGrey, "-compress", "RLE"]),
        new("TGA with a palette", "tga", ChannelLayout.Rgb, 8, "-type", "palette", "-compress", "None"),
    ];

    /// <summary>The formats, as ImageMagick calls them.</summary>
    public static TheoryData<string> OtherFormats() => [.. All.Select(kind => kind.Format).Distinct()];

    /// <summary>The names of all kinds.</summary>
    public static TheoryData<string> Names() => [.. All.Select(kind => kind.Name)];

    /// <summary>The kind of a name.</summary>
    public static FileKind Find(string name) => All.Single(kind => kind.Name == name);

    /// <summary>The image with an alpha that grows from left to right, never quite transparent.</summary>
    public static Image WithAlpha(Image image)
    {
        var samples = new byte[image.Width * image.Height * 4];
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            image.Samples8.AsSpan(3 * i, 3).CopyTo(samples.AsSpan(4 * i));
            samples[4 * i + 3] = (byte)(40 + i % image.Width * 200 / image.Width);
        }

        return new Image(image.Width, image.Height, ChannelLayout.Rgba, samples);
    }
}
