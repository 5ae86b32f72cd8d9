using BenchmarkDotNet.Attributes;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Microbenchmarks;

/// <summary>The processor's kernels at the sizes of a 96 x 96 image, on one thread and on two.</summary>
[MemoryDiagnoser]
public class KernelBenchmarks : IDisposable
{
    private const int Size = 96;
    private CpuDevice _device = null!;
    private Arena _arena = null!;
    private Tensor _narrow;
    private Tensor _wide;
    private Tensor _queries;
    private Tensor _attended;
    private Tensor _gaussians;
    private Tensor _image;
    private ConvolutionWeights _convolution = null!;
    private ConvolutionWeights _linear = null!;

    /// <summary>Threads of the device.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _device = new CpuDevice(Threads);
        _arena = new Arena(_device);
        _narrow = Upload(Size, Size, 64);
        _wide = Upload(Size, Size, 192);
        _queries = Upload(Size, Size, 3 * 192);
        _attended = Upload(Size, Size, 192);
        _gaussians = Upload(4 * Size, 4 * Size, GaussianFormat.Raw.Columns);
        _image = Upload(4 * Size, 4 * Size, 3);
        _convolution = ConvolutionWeights.Create(_device, Values(64 * 64 * 9), Values(64), 64, 64, kernelSize: 3);
        _linear = ConvolutionWeights.Create(_device, Values(192 * 576), Values(576), 192, 576);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _convolution.Dispose();
        _linear.Dispose();
        _arena.Dispose();
        foreach (Tensor tensor in new[] { _narrow, _wide, _queries, _attended, _gaussians, _image })
            tensor.Buffer.Dispose();
        _device.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Description = "3x3 convolution 64 -> 64")]
    public void Convolve() => Convolution.Run(_narrow, _convolution, _attended.SliceChannels(0, 64));

    [Benchmark(Description = "linear layer 192 -> 576")]
    public void Multiply() => Convolution.Run(_wide, _linear, _queries);

    [Benchmark(Description = "attention, window 12, 6 heads of 32")]
    public void Attend() => WindowAttention.Run(
        _queries.SliceChannels(0, 192),
        _queries.SliceChannels(192, 192),
        _queries.SliceChannels(384, 192),
        _attended,
        new WindowAttentionSettings(12, 6) { QueryShift = 6, KeyShift = 6 });

    [Benchmark(Description = "rasteriser, 147456 Gaussians on 384 x 384")]
    public void Draw() => Rasterizer.Render(_gaussians, new RasterSettings(4 * Size, 4 * Size, 4), _image, _arena);

    private static float[] Values(int count)
    {
        var random = new Random(1);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }

    private Tensor Upload(int height, int width, int channels)
    {
        float[] values = Values(height * width * channels);
        if (channels == GaussianFormat.Raw.Columns)
            PlaceOnGrid(values, height, width);
        return _device.Upload(values, height, width, channels);
    }

    // The means; their remainders are zero.
    private static void PlaceOnGrid(float[] gaussians, int height, int width)
    {
        for (int i = 0; i < height * width; i++)
        {
            Span<float> means = gaussians.AsSpan(i * GaussianFormat.Raw.Columns + 7, 4);
            means[0] = (i % width + 0.5f) / width;
            means[1] = (i / width + 0.5f) / height;
            means[2..].Clear();
        }
    }
}
