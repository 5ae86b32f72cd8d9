using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// Slices of weights that pass through a ring of places in shared memory, on Hopper. Item 0 of a group starts their copies. For each place there is a barrier that tells
/// when a slice is there, and one that tells when all warps have multiplied it; so warps do not wait for each other.
/// </summary>
/// <remarks>Slices are numbered in the order in which they are multiplied. A ring has so many places that <see cref="Float16Tiles.RingBytes"/> are enough for its barriers.</remarks>
internal static class WeightRing
{
    private const int BytesOfPlace = 16;

    /// <summary>Makes the barriers; called by item 0. A barrier of the group must follow before others wait.</summary>
    /// <param name="barriers">Where they lie.</param>
    /// <param name="places">Places of the ring.</param>
    /// <param name="warps">Warps of the group.</param>
    public static void Begin(int barriers, int places, int warps)
    {
        for (int place = 0; place < places; place++)
        {
            BulkCopies.BeginBarrier(barriers + place * BytesOfPlace, 1);
            BulkCopies.BeginBarrier(barriers + place * BytesOfPlace + 8, warps);
        }

        BulkCopies.ShowBarriers();
    }

    /// <summary>Starts to copy a slice of the columns of a tile, as PackedColumns has them; called by item 0. Past the last column others are copied.</summary>
    /// <param name="weights">All columns.</param>
    /// <param name="slices">Slices of the depth.</param>
    /// <param name="slice">Which of them.</param>
    /// <param name="firstColumn">The tile's first column, a multiple of 8.</param>
    /// <param name="columns">All columns.</param>
    /// <param name="ring">Where the ring lies.</param>
    /// <param name="barriers">Where its barriers lie.</param>
    /// <param name="places">Places of the ring.</param>
    /// <param name="number">The number that the slice gets.</param>
    public static void Fetch<TTile>(
        ArrayView<short> weights, int slices, int slice, int firstColumn, int columns, int ring, int barriers, int places, int number)
        where TTile : struct, IFloat16Tile
    {
        int address = ring + OffsetOf<TTile>(places, number);
        int barrier = barriers + PlaceOf(places, number) * BytesOfPlace;
        BulkCopies.ArriveExpecting(barrier, TTile.Columns * Float16Tiles.RowBytes);
        int row = firstColumn & (Float16Tiles.BlockColumns - 1);
        for (int first = 0; first < TTile.Columns; first += Float16Tiles.BlockColumns)
        {
            // What a block has of 64 columns of the tile, and then what the next one has.
            int target = address + first * Float16Tiles.RowBytes;
            int column = firstColumn + first;
            int rest = Float16Tiles.BlockColumns - row;
            Copy(weights, slices, slice, column, columns, rest, target, barrier);
            if (row != 0)
                Copy(weights, slices, slice, column + rest, columns, row, target + rest * Float16Tiles.RowBytes, barrier);
        }
    }

    /// <summary>Where in the ring the slice with a number lies, in bytes.</summary>
    /// <param name="places">Places of the ring.</param>
    /// <param name="number">The slice's.</param>
    public static int OffsetOf<TTile>(int places, int number)
        where TTile : struct, IFloat16Tile => PlaceOf(places, number) * (TTile.Columns * Float16Tiles.RowBytes);

    /// <summary>Waits until the slice with a number is there.</summary>
    /// <param name="barriers">Where the barriers of the ring lie.</param>
    /// <param name="places">Places of the ring.</param>
    /// <param name="number">The slice's.</param>
    public static void Await(int barriers, int places, int number) => BulkCopies.Await(barriers + PlaceOf(places, number) * BytesOfPlace, PhaseOf(places, number));

    /// <summary>Says that the item's warp has multiplied the slice with a number.</summary>
    /// <param name="barriers">Where the barriers of the ring lie.</param>
    /// <param name="places">Places of the ring.</param>
    /// <param name="number">The slice's.</param>
    /// <param name="item">The item.</param>
    public static void Release(int barriers, int places, int number, int item)
    {
        if ((item & 31) == 0)
            BulkCopies.Arrive(barriers + PlaceOf(places, number) * BytesOfPlace + 8);
    }

    /// <summary>Waits until all warps have multiplied the slice with a number.</summary>
    /// <param name="barriers">Where the barriers of the ring lie.</param>
    /// <param name="places">Places of the ring.</param>
    /// <param name="number">The slice's.</param>
    public static void AwaitRelease(int barriers, int places, int number) => BulkCopies.Await(barriers + PlaceOf(places, number) * BytesOfPlace + 8, PhaseOf(places, number));

    private static int PlaceOf(int places, int number) => (int)((uint)number % (uint)places);

    private static int PhaseOf(int places, int number) => (int)((uint)number / (uint)places) & 1;

    private static void Copy(ArrayView<short> weights, int slices, int slice, int column, int columns, int count, int address, int barrier)
    {
        column = column < columns ? column : column & (Float16Tiles.BlockColumns - 1);
        BulkCopies.Start(address, ref weights[Float16Product.IndexOf(slices, slice, column)], count * Float16Tiles.RowBytes, barrier);
    }
}
