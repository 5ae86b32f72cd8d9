using Gsasr.Imaging;
using Gsasr.Imaging.Tests;

namespace Gsasr.Cli.Tests;

/// <summary>Small pictures to upscale.</summary>
internal static class Pictures
{
    /// <summary>A gradient of every channel in another direction; alpha runs from transparent to opaque.</summary>
    public static Image Gradient(int width, int height, ChannelLayout layout, int bitDepth = 8)
    {
        int channels = layout.ChannelCount();
        var samples = new ushort[width * height * channels];
        for (int i = 0; i < samples.Length; i++)
        {
            int channel = i % channels, x = i / channels % width, y = i / channels / width;
            double place = (channel % 3) switch
            {
                0 => (x + 1.0) / (width + 1),
                1 => (y + 1.0) / (height + 1),
                _ => (x + y + 1.0) / (width + height),
            };
            if (layout.HasAlpha() && channel == channels - 1)
                place = width == 1 ? 1 : (double)x / (width - 1);
            samples[i] = (ushort)(65535 * place);
        }

        return bitDepth == 16
            ? new Image(width, height, layout, samples)
            : new Image(width, height, layout, Array.ConvertAll(samples, value => (byte)(value >> 8)));
    }

    /// <summary>Writes a gradient into a file.</summary>
    public static string Write(string path, int width, int height, ChannelLayout layout = ChannelLayout.Rgb, int bitDepth = 8)
    {
        ImageFile.Write(path, Gradient(width, height, layout, bitDepth));
        return path;
    }

    /// <summary>Writes a PNG of 2 bits a pixel with a palette of four colours, of which the last one may be transparent.</summary>
    public static string WritePalette(string path, int width, int height, bool transparent)
    {
        int[] indices = [.. Enumerable.Range(0, width * height).Select(i => (i % width + i / width) / 2 % 4)];
        PngBuilder png = new PngBuilder().Header((uint)width, (uint)height, 2, 3)
            .Chunk("PLTE", 0, 0, 0, 250, 20, 20, 20, 250, 20, 240, 240, 240);
        if (transparent)
            png.Chunk("tRNS", 255, 255, 255, 0);
        File.WriteAllBytes(path, png.Pixels(indices, width, height, 1, 2, 0, interlaced: false).End());
        return path;
    }
}
