using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>
/// A model's encoder and decoder on a device, run over an image tile by tile; when the device's memory runs out, again with tiles of half
/// the size.
/// </summary>
internal sealed class TiledNetwork : IDisposable
{
    private readonly GsasrArchitecture _architecture;
    private readonly Encoder _encoder;
    private readonly GaussianDecoder _decoder;
    private readonly Arena _arena;
    private readonly int _overlap;
    private readonly long _usualTilePixels;
    private float[] _region = [];
    private long _tilePixels;

    /// <summary>Loads the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The device.</param>
    /// <param name="arena">The device's memory for activations.</param>
    /// <param name="options">The size and the overlap of tiles.</param>
    public TiledNetwork(GsasrModel model, Device device, Arena arena, UpscalerOptions options)
    {
        _architecture = model.Architecture;
        _arena = arena;
        _overlap = options.TileOverlap;
        using Checkpoint checkpoint = model.Open();
        _encoder = Encoder.Load(checkpoint, _architecture.Encoder, device);
        try
        {
            _decoder = GaussianDecoder.Load(checkpoint, _architecture.Decoder, device);
        }
        catch
        {
            _encoder.Dispose();
            throw;
        }

        _usualTilePixels = options.MaximumTilePixels > 0
            ? options.MaximumTilePixels
            : TileMemory.DefaultPixels(_architecture, device.AvailableMemoryBytes, _overlap);
        _tilePixels = _usualTilePixels;
    }

    /// <summary>Begins an image: tiles have their usual size again.</summary>
    public void Begin()
    {
        if (_tilePixels == _usualTilePixels)
            return;

        // Tiles became smaller for the image before; by now other programs may have given memory back. Blocks of the smaller size
        // would only stand in the way of the larger one.
        _arena.Release();
        _tilePixels = _usualTilePixels;
    }

    /// <summary>Makes the Gaussians of a strip of rows of the padded image.</summary>
    /// <param name="image">[height, width, 3] values of 0 to 1.</param>
    /// <param name="width">Columns of the image, without padding.</param>
    /// <param name="height">Rows of the image, without padding.</param>
    /// <param name="firstRow">The strip's first row, a multiple of the padding.</param>
    /// <param name="rows">The strip's rows, a multiple of the padding.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="share">The strip's share of the image's work, for the progress.</param>
    /// <param name="field">Where the Gaussians go, tile after tile.</param>
    /// <param name="meter">Told how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers.</param>
    /// <exception cref="DeviceMemoryException">The device has too little memory for the smallest tile.</exception>
    public void Fill(
        float[] image,
        int width,
        int height,
        int firstRow,
        int rows,
        double scale,
        double share,
        DeviceBuffer field,
        ProgressMeter meter,
        CancellationToken cancellation)
    {
        int multiple = _architecture.SizeMultiple;
        int paddedWidth = ReflectedImage.PaddedSize(width, multiple);
        int paddedHeight = ReflectedImage.PaddedSize(height, multiple);
        double done = meter.Done;
        while (true)
        {
            IReadOnlyList<Tile> tiles =
                TilePlan.Create(paddedWidth, paddedHeight, firstRow, rows, multiple, _overlap, _tilePixels);
            long largest = tiles.Max(tile => (long)tile.Region.Width * tile.Region.Height);
            try
            {
                meter.Rewind(done);
                double work = share * paddedWidth * paddedHeight / tiles.Sum(tile => (double)tile.Region.Width * tile.Region.Height);
                var pass = new ForwardPass(_arena, multiplyAdds => meter.Advance(multiplyAdds * work), cancellation);
                int offset = 0;
                foreach (Tile tile in tiles)
                    offset += RunTile(tile, image, width, height, paddedWidth, paddedHeight, scale, field, offset, pass);
                return;
            }
            catch (DeviceMemoryException) when (tiles[0].Interior.Width > multiple || tiles[0].Interior.Height > multiple)
            {
                _arena.Release();
                _tilePixels = largest / 2;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _encoder.Dispose();
    }

    private int RunTile(
        in Tile tile,
        float[] image,
        int width,
        int height,
        int paddedWidth,
        int paddedHeight,
        double scale,
        DeviceBuffer field,
        int offset,
        ForwardPass pass)
    {
        const int Cells = GaussianDecoder.CellsPerPixel;
        PixelRectangle region = tile.Region;
        PixelRectangle interior = tile.Interior;
        using Arena.Scope scope = _arena.BeginScope();
        Tensor input = _arena.Allocate(region.Height, region.Width, 3);
        Tensor features = _arena.Allocate(region.Height, region.Width, _encoder.Features);
        Span<float> pixels = Room(region.Width * region.Height * 3);
        ReflectedImage.Copy(image, width, height, region, pixels);
        input.Upload<float>(pixels);
        _encoder.Run(input, features, pass);
        var gaussians = new Tensor(
            field, offset, Cells * interior.Height, Cells * interior.Width, Rasterizer.GaussianChannels, Rasterizer.GaussianChannels);
        var placement = new GridPlacement(
            Cells * paddedHeight,
            Cells * paddedWidth,
            Centres(Cells * paddedHeight, Cells * interior.Top, Cells * interior.Height),
            Centres(Cells * paddedWidth, Cells * interior.Left, Cells * interior.Width));
        _decoder.Run(
            features, scale, interior with { Left = interior.Left - region.Left, Top = interior.Top - region.Top }, placement, gaussians, pass);
        return gaussians.Pixels * Rasterizer.GaussianChannels;
    }

    private Tensor Centres(int gridSize, int first, int count)
    {
        Tensor tensor = _arena.Allocate(1, 1, count);
        Span<float> centres = Room(count);
        GridPlacement.ComputeCentres(gridSize, first, centres);
        tensor.Upload<float>(centres);
        return tensor;
    }

    private Span<float> Room(int floats)
    {
        if (_region.Length < floats)
            _region = new float[floats];
        return _region.AsSpan(0, floats);
    }
}
