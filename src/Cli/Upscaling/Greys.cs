using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>Images of one channel, made of RGB images that have only greys.</summary>
internal static class Greys
{
    /// <summary>The image with one channel; null if it has a colour, or is not RGB.</summary>
    /// <param name="image">The image.</param>
    public static Image? Of(Image image)
    {
        if (image.Layout != ChannelLayout.Rgb)
            return null;
        Image? result = image.BitDepth == 8
            ? Channel(image.Samples8) is { } bytes ? new Image(image.Width, image.Height, ChannelLayout.Grey, bytes) : null
            : Channel(image.Samples16) is { } samples ? new Image(image.Width, image.Height, ChannelLayout.Grey, samples) : null;
        if (result is null)
            return null;
        result.Metadata = image.Metadata;
        result.Notes = image.Notes;
        return result;
    }

    private static T[]? Channel<T>(T[] samples)
        where T : struct, IEquatable<T>
    {
        var channel = new T[samples.Length / 3];
        for (int i = 0; i < channel.Length; i++)
        {
            channel[i] = samples[3 * i];
            if (!channel[i].Equals(samples[3 * i + 1]) || !channel[i].Equals(samples[3 * i + 2]))
                return null;
        }

        return channel;
    }
}
