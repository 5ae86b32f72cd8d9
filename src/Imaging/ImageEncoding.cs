using Gsasr.Imaging.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Tiff.Constants;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.Metadata.Profiles.Xmp;

namespace Gsasr.Imaging;

/// <summary>
/// Writes images of the formats whose encoders need whole images, with the encoders of SixLabors.ImageSharp. Metadata are inserted into
/// their output, byte for byte as they were read. Only for TIFF, whose directory holds all metadata, the encoder gets them.
/// </summary>
internal static class ImageEncoding
{
    // After the start and the JFIF segment of a JPEG.
    private const int JpegHeaderEnd = 20;
    private const int FirstQualityWithFullColour = 90;

    /// <summary>Writes an image that <see cref="ImageFile.CheckCanWrite"/> accepts.</summary>
    public static void Encode(Stream stream, Image image, ImageFormat format, ImageWriteOptions options)
    {
        using var target = new EncoderOutput(stream, options.Cancellation)
        {
            Place = JpegHeaderEnd,
            Insertion = format == ImageFormat.Jpeg ? JpegSegments.Write(image) : [],
            MayGoBack = format == ImageFormat.Tiff,
        };
        switch (format)
        {
            case ImageFormat.Jpeg:
                PixelCodec.Encode(JpegEncoderFor(image, options), image, target, encoded => SetDensity(encoded.Metadata, image.Metadata.Density));
                break;
            case ImageFormat.WebP:
                var encoder = new WebpEncoder { FileFormat = options.Lossless ? WebpFileFormatType.Lossless : WebpFileFormatType.Lossy, Quality = options.Quality };
                Buffered(encoder, image, null, content => WebPFile.Write(content, image, target));
                break;
            case ImageFormat.Tiff:
                var tiffEncoder = new TiffEncoder
                {
                    BitsPerPixel = image.Layout.IsGrey() ? TiffBitsPerPixel.Bit8 : TiffBitsPerPixel.Bit24,
                    Compression = TiffCompression.Deflate,
                };
                if (target.CanSeek)
                    PixelCodec.Encode(tiffEncoder, image, target, encoded => DescribeTiff(encoded, image));
                else
                    Buffered(tiffEncoder, image, encoded => DescribeTiff(encoded, image), content => target.Write(content.Span));
                break;
            case ImageFormat.Bmp:
                var bmpEncoder = new BmpEncoder
                {
                    BitsPerPixel = image.Layout.HasAlpha() ? BmpBitsPerPixel.Pixel32 : BmpBitsPerPixel.Pixel24,
                    SupportTransparency = image.Layout.HasAlpha(),
                };
                PixelCodec.Encode(bmpEncoder, image, target, encoded => SetDensity(encoded.Metadata, image.Metadata.Density));
                break;
            case ImageFormat.Tga:
                PixelCodec.Encode(TgaEncoderFor(image), image, target);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "The format is not written from whole images.");
        }
    }

    /// <summary>The most memory that an encoder takes besides the image, as measured; see the documentation.</summary>
    /// <param name="format">The format.</param>
    /// <param name="header">The size and the samples.</param>
    /// <param name="options">How to write.</param>
    public static long EstimateBytes(ImageFormat format, ImageHeader header, ImageWriteOptions options)
    {
        int bytesPerPixel = format switch
        {
            ImageFormat.WebP => options.Lossless ? 96 : 16,
            ImageFormat.Tiff => 10,
            _ => 1,
        };
        return (8L << 20) + (long)header.Width * header.Height * bytesPerPixel;
    }

    private static JpegEncoder JpegEncoderFor(Image image, ImageWriteOptions options) => new()
    {
        Quality = options.Quality,
        ColorType = image.Layout.IsGrey() ? JpegColorType.Luminance
            : options.Quality < FirstQualityWithFullColour ? JpegColorType.YCbCrRatio420 : JpegColorType.YCbCrRatio444,
    };

    private static TgaEncoder TgaEncoderFor(Image image) => new()
    {
        BitsPerPixel = image.Layout switch
        {
            ChannelLayout.Grey => TgaBitsPerPixel.Pixel8,
            ChannelLayout.Rgb => TgaBitsPerPixel.Pixel24,
            _ => TgaBitsPerPixel.Pixel32,
        },
        Compression = TgaCompression.None,
    };

    // For an encoder that must go back in what it has written, or whose output is changed afterwards.
    private static void Buffered(
        SixLabors.ImageSharp.Formats.IImageEncoder encoder, Image image, Action<SixLabors.ImageSharp.Image>? prepare, Action<ReadOnlyMemory<byte>> write)
    {
        using var content = new MemoryStream();
        PixelCodec.Encode(encoder, image, content, prepare);
        write(content.GetBuffer().AsMemory(0, (int)content.Length));
    }

    private static void DescribeTiff(SixLabors.ImageSharp.Image encoded, Image image)
    {
        ImageMetadata metadata = image.Metadata;
        SetDensity(encoded.Metadata, metadata.Density);
        if (metadata.IccProfile is { } profile && IccProfile.Matches(profile, image.Layout))
            encoded.Metadata.IccProfile = new SixLabors.ImageSharp.Metadata.Profiles.Icc.IccProfile(profile);
        ImageFrameMetadata frame = encoded.Frames.RootFrame.Metadata;
        frame.ExifProfile = MainTags(metadata.Exif);
        if (metadata.Xmp is { } xmp)
            frame.XmpProfile = new XmpProfile(xmp);
    }

    // The encoder writes no further directories, where the tags of a camera belong: it would put them among the picture's, where nothing looks for
    // them. Without this tag it names itself as the software; empty text is none.
    private static ExifProfile MainTags(byte[]? exif)
    {
        var profile = new ExifProfile(exif ?? []);
        foreach (ExifTag tag in profile.Values.Select(value => value.Tag).Where(tag => !TiffFile.MainTags.Contains((ushort)tag)).ToArray())
            profile.RemoveValue(tag);
        if (profile.GetValue(ExifTag.Software) is null)
            profile.SetValue(ExifTag.Software, "");
        return profile;
    }

    private static void SetDensity(SixLabors.ImageSharp.Metadata.ImageMetadata target, PixelDensity? density)
    {
        const double MetresPerInch = 0.0254;
        (target.HorizontalResolution, target.VerticalResolution, target.ResolutionUnits) = density switch
        {
            null => (1, 1, PixelResolutionUnit.AspectRatio),
            { IsPerMetre: true } value => (Math.Round(value.Horizontal * MetresPerInch), Math.Round(value.Vertical * MetresPerInch), PixelResolutionUnit.PixelsPerInch),
            { } value => (value.Horizontal, value.Vertical, PixelResolutionUnit.AspectRatio),
        };
    }
}
