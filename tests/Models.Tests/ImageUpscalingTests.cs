using System.Numerics;
using Gsasr.ImageSharp;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace Gsasr.Models.Tests;

/// <summary>Images of SixLabors.ImageSharp, in every pixel format that it has.</summary>
public sealed class ImageUpscalingTests : IDisposable
{
    private readonly CpuDevice _device = new(1);
    private readonly Upscaler _upscaler;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ImageUpscalingTests() => _upscaler = new Upscaler(GsasrModel.Default, _device);

    public void Dispose()
    {
        _upscaler.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Every_pixel_format_gives_the_picture_that_16_bits_of_red_green_blue_and_alpha_give()
    {
        // Steps of a channel, from 0 to 1.
        Check<A8>(255);
        Check<Abgr32>(255);
        Check<Argb32>(255);
        Check<Bgr24>(255);
        Check<Bgr565>(31);
        Check<Bgra32>(255);
        Check<Bgra4444>(15);
        Check<Bgra5551>(31);
        Check<Byte4>(255);
        Check<HalfSingle>(1000);
        Check<HalfVector2>(1000);
        Check<HalfVector4>(1000);
        Check<L16>(65535);
        Check<L8>(255);
        Check<La16>(255);
        Check<La32>(65535);
        Check<NormalizedByte2>(127);
        Check<NormalizedByte4>(127);
        Check<NormalizedShort2>(32767);
        Check<NormalizedShort4>(32767);
        Check<Rg32>(65535);
        Check<Rgb24>(255);
        Check<Rgb48>(65535);
        Check<Rgba1010102>(1023);
        Check<Rgba32>(255);
        Check<Rgba64>(65535);
        Check<RgbaVector>(65535);
        Check<Short2>(65535);
        Check<Short4>(65535);
    }

    [Fact]
    public void All_pixel_formats_of_the_library_are_checked()
    {
        string[] formats = [.. typeof(Rgba32).Assembly.GetExportedTypes()
            .Where(type => type.IsValueType && type.GetInterfaces().Any(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IPixel<>)))
            .Select(type => type.Name)];
        string code = File.ReadAllText(Path.Combine(Testing.TestData.RepositoryRoot, "tests", "Models.Tests", "ImageUpscalingTests.cs"));
        Assert.Equal(29, formats.Length);
        Assert.All(formats, name => Assert.Contains($"Check<{name}>(", code, StringComparison.Ordinal));
    }

    [Fact]
    public void Metadata_come_along_and_sizes_are_the_new_ones()
    {
        using Image<Rgb24> image = Picture<Rgb24>();
        image.Metadata.HorizontalResolution = 300;
        image.Metadata.ExifProfile = new ExifProfile();
        image.Metadata.ExifProfile.SetValue(ExifTag.Artist, "A. Uthor");
        image.Metadata.ExifProfile.SetValue(ExifTag.PixelXDimension, (Number)9);
        using Image<Rgb24> result = image.Upscale(_upscaler, 2.5, cancellation: Cancellation);
        Assert.Equal((22, 17), (result.Width, result.Height));
        Assert.Equal(300, result.Metadata.HorizontalResolution);
        Assert.Equal("A. Uthor", result.Metadata.ExifProfile.GetValue(ExifTag.Artist).Value);
        Assert.Equal((Number)22, result.Metadata.ExifProfile.GetValue(ExifTag.PixelXDimension).Value);
        Assert.Equal((Number)9, image.Metadata.ExifProfile.GetValue(ExifTag.PixelXDimension).Value);
    }

    [Fact]
    public void Several_frames_are_refused()
    {
        using Image<Rgb24> image = Picture<Rgb24>();
        image.Frames.AddFrame(image.Frames.RootFrame);
        Assert.Contains("2 frames", Assert.Throws<ArgumentException>(() => image.Upscale(_upscaler, 2, cancellation: Cancellation)).Message, StringComparison.Ordinal);
    }

    private static Image<TPixel> Picture<TPixel>()
        where TPixel : unmanaged, IPixel<TPixel>
    {
        var image = new Image<TPixel>(9, 7);
        for (int y = 0; y < 7; y++)
        {
            for (int x = 0; x < 9; x++)
            {
                TPixel pixel = default;
                pixel.FromScaledVector4(new Vector4(0.1f + x * 0.09f, 0.9f - y * 0.1f, 0.3f + 0.06f * (x ^ y), 0.5f + 0.05f * x));
                image[x, y] = pixel;
            }
        }

        return image;
    }

    private void Check<TPixel>(double steps)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        using Image<TPixel> image = Picture<TPixel>();
        using Image<TPixel> result = image.Upscale(_upscaler, 2, cancellation: Cancellation);
        Assert.Equal((18, 14), (result.Width, result.Height));
        var samples = new ushort[9 * 7 * 4];
        for (int i = 0; i < 9 * 7; i++)
        {
            Vector4 pixel = image[i % 9, i / 9].ToScaledVector4();
            for (int c = 0; c < 4; c++)
                samples[4 * i + c] = (ushort)Math.Round(Math.Clamp(pixel[c], 0, 1) * 65535);
        }

        var expected = new ushort[18 * 14 * 4];
        _upscaler.Upscale(samples, 9, 7, PixelLayout.Rgba, 2, expected, cancellation: Cancellation);
        double farthest = 0;
        for (int i = 0; i < 18 * 14; i++)
        {
            TPixel converted = default;
            converted.FromScaledVector4(new Vector4(expected[4 * i], expected[4 * i + 1], expected[4 * i + 2], expected[4 * i + 3]) / 65535);
            Vector4 difference = Vector4.Abs(converted.ToScaledVector4() - result[i % 18, i / 18].ToScaledVector4());
            farthest = Math.Max(farthest, Math.Max(Math.Max(difference.X, difference.Y), Math.Max(difference.Z, difference.W)));
        }

        // A step of the format, and the rounding of inputs to 8 bits where that is all it has.
        double allowed = 1.01 / steps + (steps > 255 ? 2e-3 : 6e-3);
        Assert.True(farthest <= allowed, $"{typeof(TPixel).Name}: {farthest} away, {allowed} is allowed.");
    }
}
