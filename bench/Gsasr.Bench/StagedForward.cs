using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>What <see cref="Upscaler"/> does with an image of 8-bit RGB pixels in one tile, with a mark after each stage.</summary>
internal sealed class StagedForward : IDisposable
{
    public const string EncoderStage = "encoder";
    public const string BlocksStage = "decoder blocks";
    public const string HeadsStage = "upsampling and heads";

    private readonly Device _device;
    private readonly Encoder _encoder;
    private readonly GaussianDecoder _decoder;
    private readonly Arena _arena;
    private readonly DeviceBuffer _nonFinite;
    private readonly string _lastBlock;
    private readonly int _multiple;
    private StageClock? _clock;

    public StagedForward(GsasrModel model, Device device)
    {
        _device = device;
        GsasrArchitecture architecture = model.Architecture;
        _multiple = architecture.SizeMultiple;
        _lastBlock = $"gs_selfattn_blocks.{architecture.Decoder.SelfBlocks - 1}";
        using Checkpoint checkpoint = model.Open();
        _encoder = Encoder.Load(checkpoint, architecture.Encoder, device);
        _decoder = GaussianDecoder.Load(checkpoint, architecture.Decoder, device);
        _decoder.Tap = (module, _) =>
        {
            if (module == _lastBlock)
                _clock?.Mark(BlocksStage);
        };
        _arena = new Arena(device);
        _nonFinite = device.Allocate(sizeof(int));
    }

    /// <summary>Upscales an image and returns its stages.</summary>
    public Stage[] Run(byte[] pixels, int width, int height, double scale, double dMax)
    {
        const int Cells = GaussianDecoder.CellsPerPixel;
        int paddedWidth = ReflectedImage.PaddedSize(width, _multiple);
        int paddedHeight = ReflectedImage.PaddedSize(height, _multiple);
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, scale);
        var settings = new RasterSettings((int)Math.Floor(scale * paddedWidth), (int)Math.Floor(scale * paddedHeight), scale, dMax);
        var output = new byte[outputWidth * outputHeight * 3];
        using DeviceBuffer outputBuffer = _device.Allocate(output.Length);
        using Arena.Scope scope = _arena.BeginScope();
        Tensor gaussians = _arena.Allocate(Cells * paddedHeight, Cells * paddedWidth, Rasterizer.GaussianChannels);
        var pass = new ForwardPass(_arena, null, CancellationToken.None);

        using var clock = new StageClock(_device);
        _clock = clock;
        var colours = new float[width * height * 3];
        PixelConversion.ToColours<byte>(pixels, PixelLayout.Rgb, colours);
        var padded = new float[paddedWidth * paddedHeight * 3];
        ReflectedImage.Copy(colours, width, height, new PixelRectangle(0, 0, paddedWidth, paddedHeight), padded);
        using (_arena.BeginScope())
        {
            Tensor input = Upload(padded, paddedHeight, paddedWidth, 3);
            var placement = new GridPlacement(
                Cells * paddedHeight, Cells * paddedWidth, Centres(Cells * paddedHeight), Centres(Cells * paddedWidth));
            clock.Mark("conversion and upload");
            Tensor features = _arena.Allocate(paddedHeight, paddedWidth, _encoder.Features);
            _encoder.Run(input, features, pass);
            clock.Mark(EncoderStage);
            _decoder.Run(features, scale, new PixelRectangle(0, 0, paddedWidth, paddedHeight), placement, gaussians, pass);
            clock.Mark(HeadsStage);
        }

        Tensor image = _arena.Allocate(outputHeight, outputWidth, 3);
        Rasterizer.Render(gaussians, settings, image, _arena);
        clock.Mark("rasteriser");
        PixelQuantizer.Run(image, outputHeight, outputWidth, 8, outputBuffer, _nonFinite);
        clock.Mark("quantise");
        outputBuffer.Download(output.AsSpan(), 0);
        clock.Mark("download");
        _clock = null;
        return clock.Read();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nonFinite.Dispose();
        _arena.Dispose();
        _decoder.Dispose();
        _encoder.Dispose();
    }

    private Tensor Centres(int count)
    {
        var centres = new float[count];
        GridPlacement.ComputeCentres(count, 0, centres);
        return Upload(centres, 1, 1, count);
    }

    private Tensor Upload(float[] values, int height, int width, int channels)
    {
        Tensor tensor = _arena.Allocate(height, width, channels);
        tensor.Upload<float>(values);
        return tensor;
    }
}
