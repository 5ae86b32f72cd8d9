using Gsasr.Architecture;
using Gsasr.Decoder;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Pipeline;

/// <summary>
/// How an image is worked on in the available memory: the sizes of tiles, strips and bands. The largest tiles that fit are taken.
/// </summary>
internal sealed record MemoryPlan
{
    // From this size on the overlap is a small part of a tile, and larger tiles gain nothing.
    private const long LargestTile = 1 << 21;

    // The least side of a tile's own part. With smaller ones nearly all of the work would be overlap.
    private const int LeastInterior = 24;

    // Each attempt takes tiles that see this share of the pixels of the last one.
    private const double TileStep = 0.8;

    // What operations of GPUs keep for themselves at most, for the planes of convolutions.
    private const long PlaneBytes = 128L << 20;

    // The input as floats, and whether its pixels are even (EvenAreas).
    private const long HostBytesPerPixel = 3 * sizeof(float) + 2;

    // Strips go from top to bottom, so that rows are finished in their order, unless that is more than so many times the work.
    private const double MostForOrder = 1.5;

    // What tensors in the arena take beside their values, because they begin at aligned addresses.
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

    /// <summary>
    /// Bytes of the host for the input as floats, and for a band on its way to the caller or the whole picture where it has to be put
    /// together first, if the device works in the host's memory; else 0.
    /// </summary>
    public required long HostBytes { get; init; }

    /// <summary>What becomes of the Gaussians.</summary>
    public required DrawnFormat Format { get; init; }

    /// <summary>How many images are drawn: colours, and alpha where it is not opaque.</summary>
    public int Images => Format.Images;

    /// <summary>Bytes of the Gaussians of one image that are on the device at once.</summary>
    public long FieldBytes => Strips.FieldPixels * StripPlan.FloatsPerPixel * sizeof(float);

    /// <summary>All of these bytes, and those of the Gaussians of all images.</summary>
    public long TotalBytes => WorkingBytes + Images * FieldBytes + PixelBytes + OperationBytes + HostBytes;

    /// <summary>The memory that was available.</summary>
    public long AvailableBytes { get; private init; }

    /// <summary>Whether no plan takes less.</summary>
    public bool IsSmallest { get; private init; }

    /// <summary>How many tiles there are.</summary>
    public int TileCount
    {
        get
        {
            int count = 0;
            for (int i = 0; i < Strips.Count; i++)
                count += Tiles.CountOf(Strips.PixelsOf(Strips.StripAt(i)));
            return count;
        }
    }

    /// <summary>How many pixels go through the networks. Pixels that several tiles see count several times.</summary>
    public long SeenPixels
    {
        get
        {
            long seen = 0;
            for (int i = 0; i < Strips.Count; i++)
            {
                PixelRectangle strip = Strips.PixelsOf(Strips.StripAt(i));
                for (int tile = 0; tile < Tiles.CountOf(strip); tile++)
                    seen += Tiles.TileAt(Geometry, strip, tile).SeenPixels;
            }

            return seen;
        }
    }

    /// <summary>What the plan takes, for the caller.</summary>
    public MemoryEstimate Describe() => new(WorkingBytes, Images * FieldBytes, PixelBytes + HostBytes, OperationBytes, TileCount, Strips.Count);

    /// <summary>All the work, in multiply-adds.</summary>
    /// <param name="work">The networks' for each pixel.</param>
    public double Work(in NetworkWork work) => Images
        * (SeenPixels * work.PerSeenPixel + Geometry.PaddedPixels * work.PerPixel + RasterStage.Work(Geometry.OutputWidth, Geometry.OutputHeight));

    /// <summary>Plans an image.</summary>
    /// <param name="geometry">The image.</param>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device.</param>
    /// <param name="options">The most pixels of a tile, and its overlap.</param>
    /// <param name="format">What becomes of the Gaussians.</param>
    /// <param name="bytes">The available memory. If even the smallest plan takes more, the result is the smallest plan.</param>
    /// <exception cref="ArgumentException">The image is too large, or the field is to be kept and is too large for that.</exception>
    public static MemoryPlan Create(
        ImageGeometry geometry, GsasrArchitecture architecture, Device device, UpscalerOptions options, in DrawnFormat format, long bytes)
    {
        if (3L * geometry.Width * geometry.Height > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{geometry.DrawnWidth} x {geometry.DrawnHeight} pixels are too large to be upscaled as one image; the limit is about {Array.MaxLength / 3_000_000} megapixels. Cut the image into parts.");
        }

        if (format.SampleBytes == 0 && geometry.PaddedPixels > StripPlan.MaximumPixels)
        {
            throw new ArgumentException(
                $"{geometry.Width} x {geometry.Height} pixels are too large for one field of Gaussians; the limit is about {StripPlan.MaximumPixels / 1_000_000} megapixels.");
        }

        // From top to bottom, so that rows are finished in their order, unless the image is so wide that it costs much more. A picture
        // that wraps is put together from whole rows, so its strips always go down.
        long threadBytes = ThreadBytes(architecture, device);
        MemoryPlan goesDown = Fit(geometry, architecture, device, threadBytes, options, format, bytes, goesRight: false);
        if (geometry.Fold is not null || (goesDown.Strips.Count == 1 && goesDown.Fits(bytes)))
            return goesDown;
        MemoryPlan goesRight = Fit(geometry, architecture, device, threadBytes, options, format, bytes, goesRight: true);
        if (goesDown.Fits(bytes) != goesRight.Fits(bytes))
            return goesDown.Fits(bytes) ? goesDown : goesRight;
        return goesDown.Fits(bytes)
            ? goesDown.SeenPixels <= MostForOrder * goesRight.SeenPixels ? goesDown : goesRight
            : goesDown.TotalBytes <= goesRight.TotalBytes ? goesDown : goesRight;
    }

    private static MemoryPlan Fit(
        in ImageGeometry geometry,
        GsasrArchitecture architecture,
        Device device,
        long threadBytes,
        UpscalerOptions options,
        in DrawnFormat format,
        long bytes,
        bool goesRight)
    {
        int multiple = architecture.SizeMultiple;
        int least = ReflectedImage.PaddedSize(LeastInterior, multiple);
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
            var strips = new StripPlan(geometry, StripLength(geometry, tiles, keepsField: format.SampleBytes == 0, goesRight), goesRight);
            foreach (bool isTight in (ReadOnlySpan<bool>)[false, true])
            {
                MemoryPlan plan = Build(architecture, device, threadBytes, tiles, strips, format, isTight ? 0 : bytes) with
                {
                    IsSmallest = isSmallest && isTight,
                    AvailableBytes = bytes,
                };
                if (plan.Fits(bytes) || plan.IsSmallest)
                    return plan;
            }
        }
    }

    // The most scratch memory that an operation takes for each thread of the processor; none on GPUs.
    private static long ThreadBytes(GsasrArchitecture architecture, Device device)
    {
        if (device is not CpuDevice)
            return 0;
        long bytes = Math.Max(NetworkCost.ThreadBytes(architecture), Rasterizer.ThreadBytes);
        return (bytes + CpuBuffer.Alignment - 1) / CpuBuffer.Alignment * CpuBuffer.Alignment;
    }

    // A picture whose parts are not finished from top to bottom is put together whole before its rows are handed over.
    private static long WholeBytes(in StripPlan strips, in DrawnFormat format) => strips.GoesRight || strips.Geometry.Fold is not null
        ? (long)format.ReceivedChannels * format.SampleBytes * strips.Geometry.OutputWidth * strips.Geometry.OutputHeight
        : 0;

    private bool Fits(long bytes) => TotalBytes <= bytes && Strips.FieldPixels <= StripPlan.MaximumPixels;

    // An image of one tile is one strip. Otherwise a strip is one row of tiles across the image.
    private static int StripLength(in ImageGeometry geometry, in TileSizes tiles, bool keepsField, bool goesRight)
    {
        bool isOneTile = tiles.Width >= geometry.PaddedWidth && tiles.Height >= geometry.PaddedHeight;
        int whole = goesRight ? geometry.PaddedWidth : geometry.PaddedHeight;
        if (isOneTile || keepsField)
            return whole;
        return Math.Min(whole, ReflectedImage.PaddedSize(StripPlan.KeptLength, goesRight ? tiles.Width : tiles.Height));
    }

    // Bands may take "bytes" of memory. With 0, bands take no more than what is needed anyway.
    private static MemoryPlan Build(
        GsasrArchitecture architecture, Device device, long threadBytes, TileSizes tiles, StripPlan strips, in DrawnFormat format, long bytes)
    {
        ImageGeometry geometry = strips.Geometry;
        PixelRectangle region = tiles.LargestRegion(geometry);
        long regionPixels = (long)region.Width * region.Height;
        long input = (3 + architecture.Encoder.Features) * regionPixels + GaussianFormat.CellsPerPixelSide * (region.Width + region.Height);
        long headBand = bytes > 0 ? GaussianDecoder.LargestBandFloats : GaussianDecoder.SpareBandFloats(architecture.Decoder, device, region, tiles);
        long network = AlignmentBytes + sizeof(float) * (input + Math.Max(
            architecture.Encoder.WorkingFloatsPerPixel * regionPixels, GaussianDecoder.WorkingFloats(architecture.Decoder, device, region, tiles, headBand)));
        long channels = architecture.Decoder.Channels;
        long operation = device is CpuDevice cpu ? cpu.Threads * threadBytes : Math.Min(PlaneBytes, 80 * channels * regionPixels);
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
            HostBytes = device is CpuDevice
                ? format.Images * (HostBytesPerPixel * geometry.Width * geometry.Height) + 3 * sizeof(float) * regionPixels + WholeBytes(strips, format)
                : 0,
            Format = format,
        };
        if (format.SampleBytes == 0)
            return plan;

        // Drawing uses the memory of the networks, and what else is free.
        long drawing = Math.Max(network, bytes - format.Images * plan.FieldBytes - operation - plan.HostBytes);
        long gaussians = strips.FieldPixels * GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide;
        PixelRectangle output = strips.LargestOutput();
        int rows = RasterStage.BandRows(device, gaussians, output.Width, output.Height, format.SampleBytes, format.Images, drawing);
        long arena = AlignmentBytes + RasterStage.ArenaBytes(device, gaussians, output.Width, rows);
        long pixelBytes = RasterStage.PixelBytes(output.Width, rows, format.SampleBytes);
        long host = RasterStage.HostBytes(device, output.Width, rows, format.SampleBytes, format.Images);
        return plan with
        {
            WorkingBytes = Math.Max(network, arena),
            DrawingBytes = arena + pixelBytes + host,
            PixelBytes = pixelBytes,
            HostBytes = plan.HostBytes + host,
        };
    }
}
