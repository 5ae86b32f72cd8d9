using BenchmarkDotNet.Attributes;
using Gsasr.Imaging;

namespace Gsasr.Microbenchmarks;

/// <summary>Reading and writing a photograph-like picture of one megapixel.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private const int Size = 1024;
    private Image _image = null!;
    private byte[] _file = null!;

    /// <summary>The file format.</summary>
    [Params(ImageFormat.Png, ImageFormat.Jpeg, ImageFormat.WebP, ImageFormat.Tiff)]
    public ImageFormat Format { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        // Waves with some noise: neither flat nor incompressible.
        var random = new Random(1);
        var samples = new byte[Size * Size * 3];
        for (int i = 0; i < samples.Length; i++)
        {
            int x = i / 3 % Size;
            int y = i / 3 / Size;
            double wave = Math.Sin(x * 0.03 + i % 3) * Math.Cos(y * 0.02) * 90;
            samples[i] = (byte)(128 + wave + random.Next(-6, 7));
        }

        _image = new Image(Size, Size, ChannelLayout.Rgb, samples);
        _file = Write();
    }

    [Benchmark]
    public Image Decode() => ImageFile.Decode(_file);

    [Benchmark]
    public byte[] Encode() => Write();

    private byte[] Write()
    {
        using var stream = new MemoryStream();
        ImageFile.Write(stream, _image, Format);
        return stream.ToArray();
    }
}
