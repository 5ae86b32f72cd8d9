using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// The lists of splats for each tile: a stable counting sort of (tile, splat) pairs. The blocks are cut into segments, one for each item. A
/// segment counts its pairs for each tile, a prefix sum turns the counts into places, and the segment fills them.
/// </summary>
internal unsafe struct TileLists
{
    /// <summary>Segments of a batch: the most threads that bin at once.</summary>
    public const int Segments = 16;

    public Splat* Splats;
    public SplatBlock* Blocks;
    public Viewport Viewport;

    /// <summary>The batch's first block.</summary>
    public int FirstBlock;

    /// <summary>How many blocks the batch has.</summary>
    public int BlockCount;

    /// <summary>The first row of tiles that the batch can touch.</summary>
    public int FirstTileRow;

    /// <summary>The tiles of the rows that it can touch.</summary>
    public int Tiles;

    /// <summary>[Segments, Tiles] counts; later the place of the next splat of the segment in the tile.</summary>
    public int* Places;

    /// <summary>Splats tile by tile, in their own order within a tile.</summary>
    public int* Pairs;

    /// <summary>Where a tile's splats begin in <see cref="Pairs"/>, once they are filled in.</summary>
    /// <param name="tile">The tile, counted from the batch's first.</param>
    public readonly int StartOf(int tile) => tile == 0 ? 0 : EndOf(tile - 1);

    /// <summary>Where a tile's splats end in <see cref="Pairs"/>, once they are filled in.</summary>
    /// <param name="tile">The tile, counted from the batch's first.</param>
    public readonly int EndOf(int tile) => Places[(long)(Segments - 1) * Tiles + tile];

    /// <summary>Turns the counts into places.</summary>
    public readonly void SumPlaces()
    {
        int sum = 0;
        for (int tile = 0; tile < Tiles; tile++)
        {
            for (int segment = 0; segment < Segments; segment++)
            {
                int* place = Places + (long)segment * Tiles + tile;
                int count = *place;
                *place = sum;
                sum += count;
            }
        }
    }

    /// <summary>Goes through the pairs of a segment in order.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="fill">Whether to write the pairs to their places; otherwise they are counted.</param>
    public readonly void Visit(int segment, bool fill)
    {
        int* places = Places + (long)segment * Tiles;
        int columns = Viewport.TileColumns;
        int endBlock = FirstBlock + (int)((long)BlockCount * (segment + 1) / Segments);
        for (int block = FirstBlock + (int)((long)BlockCount * segment / Segments); block < endBlock; block++)
        {
            int end = block * SplatBlock.Size + Blocks[block].Count;
            for (int index = block * SplatBlock.Size; index < end; index++)
            {
                ref readonly Splat splat = ref Splats[index];
                int lastRow = (splat.Bottom - 1 - Viewport.Top) / Viewport.TileHeight;
                for (int row = (splat.Top - Viewport.Top) / Viewport.TileHeight; row <= lastRow; row++)
                {
                    Viewport.TileColumnsOf(splat, row, out int first, out int last);
                    int* place = places + (row - FirstTileRow) * columns;
                    for (int column = first; column <= last; column++)
                    {
                        int at = place[column]++;
                        if (fill)
                            Pairs[at] = index;
                    }
                }
            }
        }
    }
}

/// <summary>Counts the pairs of each segment by tile.</summary>
internal unsafe struct CountKernel(TileLists lists) : ICpuKernel
{
    private TileLists _lists = lists;

    public void Execute(int item, byte* scratch)
    {
        new Span<int>(_lists.Places + (long)item * _lists.Tiles, _lists.Tiles).Clear();
        _lists.Visit(item, fill: false);
    }
}

/// <summary>Writes the pairs of each segment to their places.</summary>
internal struct FillKernel(TileLists lists) : ICpuKernel
{
    private TileLists _lists = lists;

    public unsafe void Execute(int item, byte* scratch) => _lists.Visit(item, fill: true);
}
