using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Advanced;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.PixelFormats;

namespace Gsasr.Imaging;

/// <summary>Passes pixels to and from the decoders and encoders of SixLabors.ImageSharp. No other file here uses its images.</summary>
internal static class PixelCodec
{
    /// <summary>Decodes a file that has been checked.</summary>
    /// <param name="format">The format's name, for messages.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="file">The file.</param>
    /// <param name="header">The size of the file and the samples to decode to.</param>
    /// <param name="finished">Called with the decoded picture's EXIF, if it has any.</param>
    /// <exception cref="ImageFormatException">The decoder does not understand the file, or finds another size.</exception>
    public static Image Decode(string format, IImageDecoder decoder, Stream file, ImageHeader header, Action<byte[]>? finished = null)
    {
        (int width, int height, ChannelLayout layout, int bitDepth) = header;
        try
        {
            return (layout, bitDepth) switch
            {
                (ChannelLayout.Grey, 8) => new Image(width, height, layout, Samples<L8, byte>(format, decoder, file, header, finished)),
                (ChannelLayout.GreyAlpha, 8) => new Image(width, height, layout, Samples<La16, byte>(format, decoder, file, header, finished)),
                (ChannelLayout.Rgb, 8) => new Image(width, height, layout, Samples<Rgb24, byte>(format, decoder, file, header, finished)),
                (ChannelLayout.Rgba, 8) => new Image(width, height, layout, Samples<Rgba32, byte>(format, decoder, file, header, finished)),
                (ChannelLayout.Grey, _) => new Image(width, height, layout, Samples<L16, ushort>(format, decoder, file, header, finished)),
                (ChannelLayout.GreyAlpha, _) => new Image(width, height, layout, Samples<La32, ushort>(format, decoder, file, header, finished)),
                (ChannelLayout.Rgb, _) => new Image(width, height, layout, Samples<Rgb48, ushort>(format, decoder, file, header, finished)),
                _ => new Image(width, height, layout, Samples<Rgba64, ushort>(format, decoder, file, header, finished)),
            };
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ImageFormatException))
        {
            // Whatever the decoder throws because a file is damaged, it is the file's fault. What the runtime says then is of no use to anybody.
            bool isAboutFile = e is SixLabors.ImageSharp.ImageFormatException or NotSupportedException;
            string reason = isAboutFile ? e.Message : "the file is damaged or of a kind that cannot be read.";
            throw new ImageFormatException($"{format}: the pixels cannot be decoded: {reason}", e);
        }
    }

    /// <summary>Encodes an image.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="image">The image.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="prepare">Sets what the encoder writes besides the pixels.</param>
    public static void Encode(IImageEncoder encoder, Image image, Stream target, Action<SixLabors.ImageSharp.Image>? prepare = null)
    {
        switch (image.Layout, image.BitDepth)
        {
            case (ChannelLayout.Grey, 8): Encode<L8>(encoder, image, target, prepare); break;
            case (ChannelLayout.GreyAlpha, 8): Encode<La16>(encoder, image, target, prepare); break;
            case (ChannelLayout.Rgb, 8): Encode<Rgb24>(encoder, image, target, prepare); break;
            case (ChannelLayout.Rgba, 8): Encode<Rgba32>(encoder, image, target, prepare); break;
            case (ChannelLayout.Grey, _): Encode<L16>(encoder, image, target, prepare); break;
            case (ChannelLayout.GreyAlpha, _): Encode<La32>(encoder, image, target, prepare); break;
            case (ChannelLayout.Rgb, _): Encode<Rgb48>(encoder, image, target, prepare); break;
            default: Encode<Rgba64>(encoder, image, target, prepare); break;
        }
    }

    private static TSample[] Samples<TPixel, TSample>(string format, IImageDecoder decoder, Stream file, ImageHeader header, Action<byte[]>? finished)
        where TPixel : unmanaged, IPixel<TPixel>
        where TSample : unmanaged
    {
        var memory = new DecoderMemory<TPixel, TSample>(checked(header.Width * header.Height));
        var configuration = new Configuration { MemoryAllocator = memory, PreferContiguousImageBuffers = true };
        using Image<TPixel> decoded = decoder.Decode<TPixel>(configuration, file, CancellationToken.None);
        if (decoded.Width != header.Width || decoded.Height != header.Height)
            throw new ImageFormatException($"{format}: the pixels are {decoded.Width} x {decoded.Height}, the header says {header.Width} x {header.Height}.");
        if (finished is not null && decoded.Frames.RootFrame.Metadata.ExifProfile is { } exif)
            finished(exif.ToByteArray());
        return decoded.DangerousTryGetSinglePixelMemory(out Memory<TPixel> pixels)
            ? memory.SamplesOf(pixels.Span)
            : throw new InvalidOperationException("The decoder did not make one piece of the picture.");
    }

    private static unsafe void Encode<TPixel>(IImageEncoder encoder, Image image, Stream target, Action<SixLabors.ImageSharp.Image>? prepare)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        fixed (byte* samples = image.RowBytes(0))
        {
            using Image<TPixel> encoded = SixLabors.ImageSharp.Image.WrapMemory<TPixel>(samples, image.Width, image.Height);
            prepare?.Invoke(encoded);
            encoder.Encode(encoded, target);
        }
    }
}
