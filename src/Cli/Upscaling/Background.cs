using System.Numerics;
using Gsasr.Imaging;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Image = Gsasr.Imaging.Image;

namespace Gsasr.Cli.Upscaling;

/// <summary>A colour that an image with transparency is put on.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
internal readonly record struct Background(byte Red, byte Green, byte Blue)
{
    /// <summary>Reads a colour such as #fff, #ffffff or white.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The colour; null if the text is no colour, or a transparent one.</returns>
    public static Background? Parse(string text)
    {
        if (!Color.TryParse(text, out Color color))
            return null;
        Rgba32 pixel = color.ToPixel<Rgba32>();
        return pixel.A == byte.MaxValue ? new Background(pixel.R, pixel.G, pixel.B) : null;
    }

    /// <summary>Puts an image on the colour. Alpha weighs the values as they stand in the file, as in browsers.</summary>
    /// <param name="image">An image with alpha.</param>
    /// <returns>An image without alpha; a grey one if image and colour are grey.</returns>
    public Image Flatten(Image image)
    {
        bool isGrey = image.Layout.IsGrey() && Red == Green && Green == Blue;
        ChannelLayout layout = isGrey ? ChannelLayout.Grey : ChannelLayout.Rgb;
        Image result = image.BitDepth == 8
            ? new Image(image.Width, image.Height, layout, Blend(image.Samples8, image.ChannelCount, layout.ChannelCount(), 1))
            : new Image(image.Width, image.Height, layout, Blend(image.Samples16, image.ChannelCount, layout.ChannelCount(), 257));
        result.Metadata = image.Metadata;
        result.Notes = image.Notes;
        return result;
    }

    // The unit is one level of 255, in the samples' range.
    private T[] Blend<T>(T[] samples, int channels, int resultChannels, int unit)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        long full = long.CreateChecked(T.MaxValue);
        ReadOnlySpan<long> colour = [Red * unit, Green * unit, Blue * unit];
        var result = new T[checked(samples.Length / channels * resultChannels)];
        for (int source = 0, target = 0; target < result.Length; source += channels, target += resultChannels)
        {
            long alpha = long.CreateTruncating(samples[source + channels - 1]);
            for (int channel = 0; channel < resultChannels; channel++)
            {
                long value = long.CreateTruncating(samples[source + (channels < 3 ? 0 : channel)]);
                result[target + channel] = T.CreateTruncating((value * alpha + colour[channel] * (full - alpha) + full / 2) / full);
            }
        }

        return result;
    }
}
