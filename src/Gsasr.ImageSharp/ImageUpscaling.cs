using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Advanced;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace Gsasr.ImageSharp;

/// <summary>Upscales images of SixLabors.ImageSharp.</summary>
public static class ImageUpscaling
{
    /// <summary>
    /// Upscales an image. Pixel formats of up to 8 bits a channel are worked on with 8 bits, all others with 16. Floating-point values
    /// below 0 or above 1 are clamped. Alpha is kept, grey formats stay grey, and profiles and the resolution are kept too.
    /// </summary>
    /// <typeparam name="TPixel">The pixel format, of the image and of the result.</typeparam>
    /// <param name="image">The image; it stays as it is.</param>
    /// <param name="upscaler">The upscaler.</param>
    /// <param name="scale">Output pixels per input pixel, 1 to 64, whole or not.</param>
    /// <param name="progress">Told how much is done, 0 to 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>A new image, of <see cref="Upscaler.OutputSize"/>.</returns>
    /// <exception cref="ArgumentException">The image has several frames.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is outside its range, or the result would be too large.</exception>
    /// <exception cref="OperationCanceledException">The work was stopped.</exception>
    public static Image<TPixel> Upscale<TPixel>(
        this Image<TPixel> image, Upscaler upscaler, double scale, IProgress<double>? progress = null, CancellationToken cancellation = default)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(upscaler);
        if (image.Frames.Count > 1)
            throw new ArgumentException($"The image has {image.Frames.Count} frames; upscale them one by one (image.Frames.CloneFrame).", nameof(image));
        var work = new Work<TPixel>(image, upscaler, scale, progress, cancellation);
        Image<TPixel> result = default(TPixel) switch
        {
            L8 => work.In8Bits<L8>(PixelLayout.Grey),
            La16 or A8 => work.In8Bits<La16>(PixelLayout.GreyAlpha),
            Rgb24 or Bgr24 or Bgr565 or NormalizedByte2 => work.In8Bits<Rgb24>(PixelLayout.Rgb),
            Rgba32 or Argb32 or Abgr32 or Bgra32 or Bgra4444 or Bgra5551 or Byte4 or NormalizedByte4 => work.In8Bits<Rgba32>(PixelLayout.Rgba),
            L16 => work.In16Bits<L16>(PixelLayout.Grey),
            La32 => work.In16Bits<La32>(PixelLayout.GreyAlpha),
            Rgb48 or Rg32 or HalfSingle or HalfVector2 or NormalizedShort2 or Short2 => work.In16Bits<Rgb48>(PixelLayout.Rgb),
            _ => work.In16Bits<Rgba64>(PixelLayout.Rgba),
        };
        Describe(result, image.Metadata);
        return result;
    }

    private static void Describe(Image result, ImageMetadata source)
    {
        ImageMetadata target = result.Metadata;
        target.HorizontalResolution = source.HorizontalResolution;
        target.VerticalResolution = source.VerticalResolution;
        target.ResolutionUnits = source.ResolutionUnits;
        target.IccProfile = source.IccProfile?.DeepClone();
        target.XmpProfile = source.XmpProfile?.DeepClone();
        target.IptcProfile = source.IptcProfile?.DeepClone();
        target.ExifProfile = source.ExifProfile?.DeepClone();
        foreach ((ExifTag<Number> tag, int size) in new[]
        {
            (ExifTag.ImageWidth, result.Width), (ExifTag.ImageLength, result.Height),
            (ExifTag.PixelXDimension, result.Width), (ExifTag.PixelYDimension, result.Height),
        })
        {
            if (target.ExifProfile?.GetValue(tag) is not null)
                target.ExifProfile.SetValue(tag, (Number)size);
        }
    }

    private readonly record struct Work<TPixel>(
        Image<TPixel> Image, Upscaler Upscaler, double Scale, IProgress<double>? Progress, CancellationToken Cancellation)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        public Image<TPixel> In8Bits<TWorking>(PixelLayout layout)
            where TWorking : unmanaged, IPixel<TWorking>
        {
            byte[] input = Samples<TWorking, byte>();
            (int width, int height) = Upscaler.OutputSize(Image.Width, Image.Height, Scale);
            var output = new byte[checked(width * height * (input.Length / (Image.Width * Image.Height)))];
            Upscaler.Upscale(
                new ReadOnlyPixelSpan<byte>(input, Image.Width, Image.Height, layout), new PixelSpan<byte>(output, width, height, layout), Scale, Progress, Cancellation);
            return Result<TWorking, byte>(output, width, height);
        }

        public Image<TPixel> In16Bits<TWorking>(PixelLayout layout)
            where TWorking : unmanaged, IPixel<TWorking>
        {
            ushort[] input = Samples<TWorking, ushort>();
            (int width, int height) = Upscaler.OutputSize(Image.Width, Image.Height, Scale);
            var output = new ushort[checked(width * height * (input.Length / (Image.Width * Image.Height)))];
            Upscaler.Upscale(
                new ReadOnlyPixelSpan<ushort>(input, Image.Width, Image.Height, layout), new PixelSpan<ushort>(output, width, height, layout), Scale, Progress, Cancellation);
            return Result<TWorking, ushort>(output, width, height);
        }

        private unsafe TSample[] Samples<TWorking, TSample>()
            where TWorking : unmanaged, IPixel<TWorking>
            where TSample : unmanaged
        {
            int samplesPerRow = Image.Width * sizeof(TWorking) / sizeof(TSample);
            var samples = new TSample[checked(samplesPerRow * Image.Height)];
            Configuration configuration = Image.GetConfiguration();
            for (int y = 0; y < Image.Height; y++)
            {
                Span<TWorking> row = MemoryMarshal.Cast<TSample, TWorking>(samples.AsSpan(y * samplesPerRow, samplesPerRow));
                PixelOperations<TPixel>.Instance.To(configuration, Image.DangerousGetPixelRowMemory(y).Span, row);
            }

            return samples;
        }

        private Image<TPixel> Result<TWorking, TSample>(TSample[] samples, int width, int height)
            where TWorking : unmanaged, IPixel<TWorking>
            where TSample : unmanaged
        {
            Configuration configuration = Image.GetConfiguration();
            var result = new Image<TPixel>(configuration, width, height);
            int samplesPerRow = samples.Length / height;
            for (int y = 0; y < height; y++)
            {
                ReadOnlySpan<TWorking> row = MemoryMarshal.Cast<TSample, TWorking>(samples.AsSpan(y * samplesPerRow, samplesPerRow));
                PixelOperations<TPixel>.Instance.From(configuration, row, result.DangerousGetPixelRowMemory(y).Span);
            }

            return result;
        }
    }
}
