using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// The rasteriser on the processor. Gaussians are taken in chunks: activated into splats, sorted into lists for each tile, and added to the
/// image tile by tile. A chunk whose lists would be too long is sorted and added in several batches of blocks. So working memory is bounded
/// for any set: the splats of a chunk, and lists of <see cref="PairCapacity"/> pairs or of one block in every tile.
/// </summary>
internal static unsafe class CpuRasterizer
{
    /// <summary>Gaussians of one chunk; their splats (8 MiB) and lists stay in the outer caches.</summary>
    public const int ChunkSize = 1 << 17;

    /// <summary>Pairs of a splat and a tile that are listed at once.</summary>
    public const int PairCapacity = 1 << 20;

    /// <summary>The bytes of the arena that drawing takes.</summary>
    public static long WorkingBytes(long gaussians, int width, int height)
    {
        int chunkSize = (int)Math.Min(ChunkSize, gaussians);
        long blocks = BlocksOf(chunkSize);
        long tiles = Viewport.TilesOf(width, height);
        return blocks * (SplatBlock.Size * sizeof(Splat) + sizeof(SplatBlock)) + (TileLists.Segments * tiles + PairsOf(chunkSize, tiles)) * sizeof(int);
    }

    public static void Render(
        CpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena, CancellationToken cancellation)
    {
        var viewport = new Viewport(settings, image);
        int chunkSize = Math.Min(ChunkSize, gaussians.Pixels);
        int blocks = BlocksOf(chunkSize);
        long tiles = Viewport.TilesOf(viewport.Width, viewport.Height);
        long pairCapacity = PairsOf(chunkSize, tiles);

        using Arena.Scope scope = arena.BeginScope();
        var activate = new ActivateKernel
        {
            Source = SourceOf(gaussians, settings, viewport, image.Channels),
            Splats = (Splat*)Allocate(arena, (long)blocks * SplatBlock.Size * sizeof(Splat)),
            Blocks = (SplatBlock*)Allocate(arena, (long)blocks * sizeof(SplatBlock)),
        };
        var lists = new TileLists
        {
            Splats = activate.Splats,
            Blocks = activate.Blocks,
            Viewport = viewport,
            Places = (int*)Allocate(arena, TileLists.Segments * tiles * sizeof(int)),
            Pairs = (int*)Allocate(arena, pairCapacity * sizeof(int)),
        };

        float* pixels = CpuPointer.Of(image);
        Fill(image, pixels, 0);
        for (int first = 0; first < gaussians.Pixels; first += activate.Source.Count)
        {
            activate.Source.Gaussians = CpuPointer.Of(gaussians) + (long)first * gaussians.Pitch;
            activate.Source.Count = Math.Min(chunkSize, gaussians.Pixels - first);
            int blockCount = (activate.Source.Count + SplatBlock.Size - 1) / SplatBlock.Size;
            device.Run(activate, blockCount);
            for (int block = 0; block < blockCount; block++)
            {
                if (activate.Blocks[block].Invalid > 0)
                {
                    Fill(image, pixels, float.NaN);
                    return;
                }
            }

            lists.FirstBlock = 0;
            lists.BlockCount = 0;
            while (NextBatch(ref lists, blockCount, pairCapacity))
            {
                cancellation.ThrowIfCancellationRequested();
                AddBatch(device, lists, image, pixels);
            }
        }
    }

    public static void Backward(
        CpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor imageGradient, in Tensor gaussianGradient, Arena arena)
    {
        using Arena.Scope scope = arena.BeginScope();
        var viewport = new Viewport(settings, imageGradient);
        int rowFloats = viewport.Width + RowSpan.MaximumVector;
        long planeFloats = (long)viewport.Height * rowFloats;
        var split = new SplitKernel
        {
            Image = CpuPointer.Of(imageGradient),
            Width = viewport.Width,
            Pitch = imageGradient.Pitch,
            Colours = imageGradient.Channels,
            Planes = new GradientPlanes
            {
                Values = (float*)Allocate(arena, planeFloats * imageGradient.Channels * sizeof(float)),
                RowFloats = rowFloats,
                PlaneFloats = planeFloats,
            },
        };
        device.Run(split, viewport.Height);
        RasterDispatch.Run(imageGradient.Channels, new GatherGradients
        {
            Device = device,
            Source = SourceOf(gaussians, settings, viewport, imageGradient.Channels),
            Planes = split.Planes,
            Gradients = CpuPointer.Of(gaussianGradient),
            GradientPitch = gaussianGradient.Pitch,
        });
    }

    private static int BlocksOf(int gaussians) => (gaussians + SplatBlock.Size - 1) / SplatBlock.Size;

    // The pairs that are listed at once: at least those of one block in every tile.
    private static long PairsOf(int chunkSize, long tiles) => Math.Min(Math.Max(PairCapacity, SplatBlock.Size * tiles), chunkSize * tiles);

    private static GaussianSource SourceOf(in Tensor gaussians, in RasterSettings settings, in Viewport viewport, int colours) => new()
    {
        Gaussians = CpuPointer.Of(gaussians),
        Pitch = gaussians.Pitch,
        Count = gaussians.Pixels,
        Layout = settings.Layout,
        Columns = gaussians.Channels,
        Colours = colours,
        Viewport = viewport,
    };

    /// <summary>Extends the batch from its first block by as many blocks as the pair list holds; false at the end of the chunk.</summary>
    private static bool NextBatch(ref TileLists lists, int blockCount, long pairCapacity)
    {
        lists.FirstBlock += lists.BlockCount;
        lists.BlockCount = 0;
        long pairs = 0;
        int firstRow = int.MaxValue;
        int lastRow = -1;
        for (int block = lists.FirstBlock; block < blockCount; block++)
        {
            pairs += lists.Blocks[block].Pairs;
            if (pairs > pairCapacity)
                break;
            firstRow = Math.Min(firstRow, lists.Blocks[block].FirstTileRow);
            lastRow = Math.Max(lastRow, lists.Blocks[block].LastTileRow);
            lists.BlockCount++;
        }

        lists.FirstTileRow = firstRow;
        lists.Tiles = lastRow < 0 ? 0 : (lastRow - firstRow + 1) * lists.Viewport.TileColumns;
        return lists.BlockCount > 0;
    }

    private static void AddBatch(CpuDevice device, in TileLists lists, in Tensor image, float* pixels)
    {
        if (lists.Tiles == 0)
            return;
        device.Run(new CountKernel(lists), TileLists.Segments);
        lists.SumPlaces();
        device.Run(new FillKernel(lists), TileLists.Segments);
        var gather = new GatherTiles { Device = device, Lists = lists, Image = image, Pixels = pixels };
        RasterDispatch.Run(image.Channels, gather);
    }

    private static void Fill(in Tensor image, float* pixels, float value)
    {
        if (image.IsDense)
        {
            for (int y = 0; y < image.Height; y++)
                new Span<float>(pixels + (long)y * image.Width * image.Channels, image.Width * image.Channels).Fill(value);
            return;
        }

        for (int i = 0; i < image.Pixels; i++)
            new Span<float>(pixels + (long)i * image.Pitch, image.Channels).Fill(value);
    }

    private static byte* Allocate(Arena arena, long bytes)
    {
        int floats = checked((int)((bytes + sizeof(float) - 1) / sizeof(float)));
        return (byte*)CpuPointer.Of(arena.Allocate(1, 1, floats));
    }

    private struct GatherTiles : IRasterKernel
    {
        public CpuDevice Device;
        public TileLists Lists;
        public Tensor Image;
        public float* Pixels;

        public readonly void Run<TVector, TSimd, TColours>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector>
            where TColours : IColourCount
        {
            var gather = new GatherKernel<TVector, TSimd, TColours>
            {
                Lists = Lists,
                Image = Pixels,
                Pitch = Image.Pitch,
            };
            Device.Run(gather, Lists.Tiles, GatherKernel<TVector, TSimd, TColours>.ScratchBytes);
        }
    }

    private struct GatherGradients : IRasterKernel
    {
        public CpuDevice Device;
        public GaussianSource Source;
        public GradientPlanes Planes;
        public float* Gradients;
        public int GradientPitch;

        public readonly void Run<TVector, TSimd, TColours>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector>
            where TColours : IColourCount
        {
            const int Batch = BackwardKernel<TVector, TSimd, TColours>.Batch;
            var backward = new BackwardKernel<TVector, TSimd, TColours>
            {
                Source = Source,
                Planes = Planes,
                Gradients = Gradients,
                GradientPitch = GradientPitch,
            };
            Device.Run(backward, (int)(((long)Source.Count + Batch - 1) / Batch));
        }
    }
}
