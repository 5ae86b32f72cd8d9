using Gsasr.Imaging;

namespace Gsasr.Bench;

/// <summary>A photograph's middle, and the same made small by bicubic interpolation.</summary>
internal sealed class ScaledPhoto
{
    private const int LargestCrop = 480;

    private readonly byte[] _original;
    private readonly byte[] _small;
    private readonly int _width;
    private readonly int _height;
    private readonly int _scale;

    private ScaledPhoto(byte[] original, byte[] small, int width, int height, int scale)
    {
        _original = original;
        _small = small;
        _width = width;
        _height = height;
        _scale = scale;
    }

    /// <summary>Makes a photograph small.</summary>
    public static ScaledPhoto Make(Image photo, int scale)
    {
        int width = Math.Min(LargestCrop, photo.Width) / scale;
        int height = Math.Min(LargestCrop, photo.Height) / scale;
        byte[] original = Workloads.Crop(photo, width * scale, height * scale);
        return new ScaledPhoto(original, Bicubic.Resize(original, width * scale, height * scale, width, height), width, height, scale);
    }

    /// <summary>Makes it large again.</summary>
    public byte[] Upscale(Upscaler upscaler)
    {
        var upscaled = new byte[_original.Length];
        upscaler.Upscale<byte>(
            new(_small, _width, _height, PixelLayout.Rgb), new(upscaled, _scale * _width, _scale * _height, PixelLayout.Rgb), _scale);
        return upscaled;
    }

    /// <summary>Makes it large again by bicubic interpolation.</summary>
    public byte[] Interpolate() => Bicubic.Resize(_small, _width, _height, _width * _scale, _height * _scale);

    /// <summary>How near pixels come to the photograph: PSNR of ITU-R BT.601 luma in its studio range, as the field reports it.</summary>
    public double Psnr(byte[] pixels)
    {
        int width = _width * _scale;
        int height = _height * _scale;
        double squares = 0;
        for (int y = _scale; y < height - _scale; y++)
        {
            for (int x = _scale; x < width - _scale; x++)
            {
                double difference = Luma(_original, y * width + x) - Luma(pixels, y * width + x);
                squares += difference * difference;
            }
        }

        double mean = squares / ((double)(width - 2 * _scale) * (height - 2 * _scale));
        return 10 * Math.Log10(255 * 255 / mean);
    }

    private static double Luma(byte[] pixels, int pixel) =>
        16 + (65.481 * pixels[3 * pixel] + 128.553 * pixels[3 * pixel + 1] + 24.966 * pixels[3 * pixel + 2]) / 255;
}
