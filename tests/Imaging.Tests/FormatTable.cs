using System.Text;

namespace Gsasr.Imaging.Tests;

/// <summary>The table of docs/imaging.md, made by trying.</summary>
internal static class FormatTable
{
    /// <summary>Whether a format can be written with these samples.</summary>
    public static bool CanWrite(ImageFormat format, ChannelLayout layout, int bitDepth)
    {
        try
        {
            ImageFile.CheckCanWrite(format, 8, 8, layout, bitDepth);
            return true;
        }
        catch (ImageFormatException)
        {
            return false;
        }
    }

    /// <summary>The table, a line for each format.</summary>
    public static string Make()
    {
        var table = new StringBuilder();
        table.Append("| | read | written | 16 bits | alpha | ICC | EXIF | XMP | density |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (ImageFormat format in Enum.GetValues<ImageFormat>())
        {
            bool isWritten = CanWrite(format, ChannelLayout.Rgb, 8);
            ImageMetadata kept = isWritten ? RoundTrip(format) : ImageMetadata.None;
            table.Append($"| {(format is ImageFormat.WebP ? "WebP" : format.ToString().ToUpperInvariant())} | yes | {YesNo(isWritten)} ");
            table.Append($"| {Both(Reads(format, deep: true), CanWrite(format, ChannelLayout.Grey, 16))} ");
            table.Append($"| {Both(Reads(format, deep: false), CanWrite(format, ChannelLayout.Rgba, 8))} ");
            table.Append($"| {YesNo(kept.IccProfile is not null)} | {(kept.Exif is null ? "" : Metadata.Exposure(kept.Exif) == "1/125" ? "yes" : "in part")} | {YesNo(kept.Xmp is not null)} | {YesNo(kept.Density is not null)} |\n");
        }

        return table.ToString();
    }

    private static string YesNo(bool value) => value ? "yes" : "";

    private static string Both(bool read, bool written) => (read, written) switch
    {
        (true, true) => "yes",
        (true, false) => "read",
        (false, false) => "",
        _ => throw new InvalidOperationException("What is written is not read back."),
    };

    // Whether a file of 16 bits, or one with alpha, is read as such.
    private static bool Reads(ImageFormat format, bool deep)
    {
        if (CanWrite(format, deep ? ChannelLayout.Grey : ChannelLayout.Rgba, deep ? 16 : 8))
        {
            Image written = TestImages.Generate(8, 8, deep ? ChannelLayout.Grey : ChannelLayout.Rgba, deep ? 16 : 8, 1);
            Image read = ImageFile.Decode(TestImages.Encode(written, format));
            return deep ? read.BitDepth == 16 : read.Layout.HasAlpha();
        }

        FileKind? kind = FileKinds.All.FirstOrDefault(
            kind => string.Equals(kind.Format, format.ToString(), StringComparison.OrdinalIgnoreCase) && (deep ? kind.BitDepth == 16 : kind.Layout.HasAlpha()));
        return kind is not null && ImageFile.Decode(kind.Make()) is var image && (deep ? image.BitDepth == 16 : image.Layout.HasAlpha());
    }

    // What comes back of metadata that were written; all of it or, for EXIF, at least the artist.
    private static ImageMetadata RoundTrip(ImageFormat format)
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata
        {
            IccProfile = Metadata.Profile("RGB "),
            Exif = Metadata.ExifWithExposure("A. Uthor"),
            Xmp = Metadata.Xmp,
            Density = new PixelDensity(11811, 11811, true),
        };
        ImageMetadata read = ImageFile.Decode(TestImages.Encode(image, format)).Metadata;
        return new ImageMetadata
        {
            IccProfile = read.IccProfile is { } icc && icc.SequenceEqual(image.Metadata.IccProfile) ? icc : null,
            Exif = read.Exif is { } exif && exif.AsSpan().IndexOf("A. Uthor"u8) > 0 ? exif : null,
            Xmp = read.Xmp is { } xmp && xmp.SequenceEqual(image.Metadata.Xmp) ? xmp : null,
            Density = read.Density is { Horizontal: >= 11810 and <= 11812, IsPerMetre: true } ? read.Density : null,
        };
    }
}

public class FormatTableTests
{
    [Fact]
    public void The_table_in_the_documentation_is_what_the_code_does()
    {
        string document = File.ReadAllText(TestImages.InRepository("docs", "imaging.md")).ReplaceLineEndings("\n");
        string table = FormatTable.Make();
        Assert.True(document.Contains(table, StringComparison.Ordinal), $"docs/imaging.md should have this table:\n{table}");
    }
}
