using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// Slices of weights that pass through a ring of stages in shared memory, on Hopper. One item starts a copy. For each stage there is a barrier that tells
/// when a slice is there, and a counter of the warps that have multiplied it, the last of which fills the stage again; so warps do not wait for each other.
/// </summary>
/// <remarks>The numbers are of one slice, the one to be multiplied next, and move on by <see cref="Next"/>. Barriers take up to <see cref="Float16Tiles.RingBytes"/>.</remarks>
internal struct WeightRing
{
    private const int BytesOfStage = 16;
    private const int BarrierBytes = 8;

    /// <summary>Where the ring lies in shared memory.</summary>
    public int First;

    /// <summary>Where its barriers lie.</summary>
    public int Barriers;

    /// <summary>The slice's stage.</summary>
    public int Stage;

    /// <summary>The parity of the phase in which the slice comes: 0 when the stage is filled for the first time, then 1, then 0.</summary>
    public int Parity;

    /// <summary>A ring before its first slice.</summary>
    /// <param name="first">Where it lies in shared memory.</param>
    /// <param name="barriers">Where its barriers lie.</param>
    public static WeightRing At(int first, int barriers) => new() { First = first, Barriers = barriers, Stage = 0, Parity = 0 };

    /// <summary>Makes the barriers; called by item 0. A barrier of the group must follow before others wait.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="stages">Its stages.</param>
    public static void Begin(WeightRing ring, int stages)
    {
        for (int stage = 0; stage < stages; stage++)
        {
            BulkCopies.InitializeBarrier(ring.Barriers + stage * BytesOfStage);
            BulkCopies.InitializeCounter(ring.Barriers + stage * BytesOfStage + BarrierBytes);
        }

        BulkCopies.FenceBarriers();
    }

    /// <summary>Starts to copy a slice of the columns of a tile, as PackedColumns has them; called by one item. Past the last column others are copied.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="stage">The stage that it goes to.</param>
    /// <param name="weights">All columns.</param>
    /// <param name="slices">Slices of the depth.</param>
    /// <param name="slice">Which of them.</param>
    /// <param name="firstColumn">The tile's first column, a multiple of 64.</param>
    /// <param name="columns">All columns.</param>
    public static void Fetch<TTile>(WeightRing ring, int stage, ArrayView<short> weights, int slices, int slice, int firstColumn, int columns)
        where TTile : struct, IFloat16Tile
    {
        int address = ring.First + stage * BytesOf<TTile>();
        int barrier = ring.Barriers + stage * BytesOfStage;
        BulkCopies.ArriveExpecting(barrier, BytesOf<TTile>());
        for (int first = 0; first < TTile.Columns; first += Float16Tiles.BlockColumns)
        {
            int column = firstColumn + first;
            int block = column < columns ? column >> 6 : 0;
            BulkCopies.Start(
                address + first * Float16Tiles.RowBytes, ref weights[(block * slices + slice) * Float16Tiles.BlockLength],
                Float16Tiles.BlockColumns * Float16Tiles.RowBytes, barrier);
        }
    }

    /// <summary>Waits until the slice is there, and says where.</summary>
    /// <param name="ring">The ring.</param>
    public static int Await<TTile>(WeightRing ring)
        where TTile : struct, IFloat16Tile
    {
        BulkCopies.Await(ring.Barriers + ring.Stage * BytesOfStage, ring.Parity);
        return AddressOf<TTile>(ring);
    }

    /// <summary>Where the slice lies.</summary>
    /// <param name="ring">The ring.</param>
    public static int AddressOf<TTile>(WeightRing ring)
        where TTile : struct, IFloat16Tile => ring.First + ring.Stage * BytesOf<TTile>();

    /// <summary>Whether the item is the one that may fill the slice's stage again. Each warp asks when it has multiplied the slice, and the last one is told so.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="warps">Warps of the group.</param>
    /// <param name="item">The item.</param>
    public static bool MayFill(WeightRing ring, int warps, int item) =>
        (item & 31) == 0 && BulkCopies.Count(ring.Barriers + ring.Stage * BytesOfStage + BarrierBytes, warps - 1) == warps - 1;

    /// <summary>Moves on to the next slice.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="stages">Its stages.</param>
    public static WeightRing Next(WeightRing ring, int stages)
    {
        bool isLast = ring.Stage == stages - 1;
        return new()
        {
            First = ring.First,
            Barriers = ring.Barriers,
            Stage = isLast ? 0 : ring.Stage + 1,
            Parity = isLast ? 1 - ring.Parity : ring.Parity,
        };
    }

    private static int BytesOf<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns * Float16Tiles.RowBytes;
}
