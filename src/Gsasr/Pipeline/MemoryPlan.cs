using Gsasr.Architecture;
using Gsasr.Decoder;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Pipeline;

/// <summary>
/// How an image is worked on in the memory that there is: how large tiles, strips and bands are. The largest tiles are taken that fit.
/// </summary>
internal sealed record MemoryPlan
{
    // Beyond this a tile's overlap is a small part of it, and larger ones gain nothing.
    private const long LargestTile = 1 << 21;

    // The least side of a tile's own part: with a smaller one nearly all of the work would be overlap.
    private const int LeastInterior = 24;

    // From one attempt to the next, tiles see so much less.
    private const double TileStep = 0.8;

    // Operations keep some memory for themselves on the device: on the processor for each thread, on GPUs for the planes of convolutions.
    private const long ThreadBytes = 2 << 20;
    private const long PlaneBytes = 128L << 20;

    // What tensors in the arena take besides their values, as they begin on round addresses.
    private const long AlignmentBytes = 32 << 10;

    private MemoryPlan()
    {
    }

    /// <summary>The image.</summary>
    public required ImageGeometry Geometry { get; init; }

    /// <summary>The tiles that go through the network.</summary>
    public required TileSizes Tiles { get; init; }

    /// <summary>The strips whose Gaussians are on the device at once.</summary>
    public required StripPlan Strips { get; init; }

    /// <summary>Floats of the decoder's last activations that are there at once.</summary>
    public required long HeadBandFloats { get; init; }

    /// <summary>Bytes of working memory, of the networks and of drawing, whichever takes more.</summary>
    public required long WorkingBytes { get; init; }

    /// <summary>Bytes that a band of drawing may take, working memory and pixels.</summary>
    public required long DrawingBytes { get; init; }

    /// <summary>Bytes of a band's pixels.</summary>
    public required long PixelBytes { get; init; }

    /// <summary>Bytes that operations may keep on the device for themselves.</summary>
    public required long OperationBytes { get; init; }

    /// <summary>Bytes of the Gaussians that are there at once.</summary>
    public long FieldBytes => Strips.FieldPixels * StripPlan.FloatsPerPixel * sizeof(float);

    /// <summary>All of these bytes.</summary>
    public long TotalBytes => WorkingBytes + FieldBytes + PixelBytes + OperationBytes;

    /// <summary>Whether there is no plan that takes less.</summary>
    public bool IsSmallest { get; private init; }

    /// <summary>All tiles, strip after strip.</summary>
    public IEnumerable<Tile> AllTiles() =>
        Enumerable.Range(0, Strips.Count).SelectMany(index => Tiles.TilesOf(Geometry, Strips.PixelsOf(Strips.StripAt(index))));

    /// <summary>The plan in words for the caller.</summary>
    public MemoryEstimate Describe() => new(WorkingBytes, FieldBytes, PixelBytes, OperationBytes, AllTiles().Count(), Strips.Count);

    /// <summary>All the work, in multiply-adds.</summary>
    /// <param name="work">The networks' for each pixel.</param>
    public double Work(in NetworkWork work)
    {
        long seen = AllTiles().Sum(tile => (long)tile.Region.Width * tile.Region.Height);
        return seen * work.PerSeenPixel + Geometry.PaddedPixels * work.PerPixel + RasterStage.Work(Geometry.OutputWidth, Geometry.OutputHeight);
    }

    /// <summary>Plans an image.</summary>
    /// <param name="geometry">The image.</param>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device.</param>
    /// <param name="options">The most pixels of a tile, and its overlap.</param>
    /// <param name="sampleBytes">Bytes of a value of the output; 0 where the field is kept and not drawn.</param>
    /// <param name="bytes">The memory that there is. Where even the smallest plan takes more, it is that one.</param>
    /// <exception cref="ArgumentException">The field is to be kept, and is too large to be.</exception>
    public static MemoryPlan Create(
        ImageGeometry geometry, GsasrArchitecture architecture, Device device, UpscalerOptions options, int sampleBytes, long bytes)
    {
        int multiple = architecture.SizeMultiple;
        int least = ReflectedImage.PaddedSize(LeastInterior, multiple);
        bool keepsField = sampleBytes == 0;
        if (keepsField && geometry.PaddedPixels > StripPlan.MaximumPixels)
        {
            throw new ArgumentException(
                $"{geometry.Width} x {geometry.Height} pixels are too large for one field of Gaussians; the limit is about {StripPlan.MaximumPixels / 1_000_000} megapixels.");
        }

        double pixels = options.MaximumTilePixels > 0 ? options.MaximumTilePixels : LargestTile;
        pixels = Math.Min(pixels, geometry.PaddedPixels);
        TileSizes last = default;
        while (true)
        {
            TileSizes tiles = TileSizes.Choose(geometry, multiple, options.TileOverlap, least, (long)pixels);
            pixels *= TileStep;
            if (tiles == last)
                continue;
            last = tiles;
            bool isSmallest = tiles.Width <= least && tiles.Height <= least;
            var strips = new StripPlan(geometry, StripLength(geometry, tiles, keepsField));
            foreach (bool isTight in (ReadOnlySpan<bool>)[false, true])
            {
                MemoryPlan plan = Lay(geometry, architecture, device, tiles, strips, sampleBytes, isTight ? 0 : bytes) with { IsSmallest = isSmallest && isTight };
                if ((plan.TotalBytes <= bytes && strips.FieldPixels <= StripPlan.MaximumPixels) || plan.IsSmallest)
                    return plan;
            }
        }
    }

    // An image in one tile is one strip; otherwise a strip is one row of tiles, across the image.
    private static int StripLength(in ImageGeometry geometry, in TileSizes tiles, bool keepsField)
    {
        bool isOneTile = tiles.Width >= geometry.PaddedWidth && tiles.Height >= geometry.PaddedHeight;
        int whole = Math.Max(geometry.PaddedWidth, geometry.PaddedHeight);
        if (isOneTile || keepsField)
            return whole;
        int tile = geometry.PaddedWidth > geometry.PaddedHeight ? tiles.Width : tiles.Height;
        return Math.Min(whole, ReflectedImage.PaddedSize(StripPlan.KeptLength, tile));
    }

    // With "bytes" of memory for bands, or, without, with bands that take no more than what is needed anyway.
    private static MemoryPlan Lay(
        ImageGeometry geometry,
        GsasrArchitecture architecture,
        Device device,
        TileSizes tiles,
        StripPlan strips,
        int sampleBytes,
        long bytes)
    {
        PixelRectangle region = tiles.LargestRegion(geometry);
        long regionPixels = (long)region.Width * region.Height;
        long input = (3 + architecture.Encoder.Features) * regionPixels + GaussianFormat.CellsPerPixelSide * (region.Width + region.Height);
        long headBand = bytes > 0 ? GaussianDecoder.LargestBandFloats : GaussianDecoder.SpareBandFloats(architecture.Decoder, device, region, tiles);
        long network = AlignmentBytes + sizeof(float) * (input + Math.Max(
            architecture.Encoder.WorkingFloatsPerPixel * regionPixels, GaussianDecoder.WorkingFloats(architecture.Decoder, device, region, tiles, headBand)));
        long channels = architecture.Decoder.Channels;
        long operation = device is CpuDevice cpu ? cpu.Threads * ThreadBytes : Math.Min(PlaneBytes, 80 * channels * regionPixels);
        var plan = new MemoryPlan
        {
            Geometry = geometry,
            Tiles = tiles,
            Strips = strips,
            HeadBandFloats = headBand,
            WorkingBytes = network,
            DrawingBytes = 0,
            PixelBytes = 0,
            OperationBytes = operation,
        };
        if (sampleBytes == 0)
            return plan;

        // Drawing takes the networks' memory, and what else there is.
        long drawing = Math.Max(network, bytes - plan.FieldBytes - operation);
        long gaussians = strips.FieldPixels * GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide;
        PixelRectangle output = strips.LargestOutput();
        int rows = RasterStage.BandRows(device, gaussians, output.Width, output.Height, sampleBytes, drawing);
        long arena = AlignmentBytes + RasterStage.ArenaBytes(device, gaussians, output.Width, rows);
        long pixelBytes = RasterStage.PixelBytes(output.Width, rows, sampleBytes);
        return plan with { WorkingBytes = Math.Max(network, arena), DrawingBytes = arena + pixelBytes, PixelBytes = pixelBytes };
    }
}
