using ILGPU;

namespace Gsasr.Layers;

/// <summary>The slices of the weights of FeedForwardFloat16, numbered through: those of the projection, of the first layer and of the second.</summary>
internal struct FeedForwardSlices
{
    /// <summary>The projection's weights.</summary>
    public ArrayView<short> Projection;

    /// <summary>The first layer's.</summary>
    public ArrayView<short> First;

    /// <summary>The second layer's.</summary>
    public ArrayView<short> Second;

    /// <summary>Columns of the projection and of the second layer.</summary>
    public int Channels;

    /// <summary>Columns of the first layer.</summary>
    public int Hidden;

    /// <summary>The number of the first layer's first slice.</summary>
    public int FirstNumber;

    /// <summary>The number of the second layer's first slice.</summary>
    public int SecondNumber;

    /// <summary>How many slices there are.</summary>
    public int End;

    /// <summary>Starts to copy a slice; called by one item.</summary>
    /// <param name="slices">All slices.</param>
    /// <param name="number">The slice's number.</param>
    /// <param name="ring">The ring.</param>
    /// <param name="stage">The stage that it goes to.</param>
    public static void Fetch<TTile>(FeedForwardSlices slices, int number, WeightRing ring, int stage)
        where TTile : struct, IFloat16Tile
    {
        if (number < slices.FirstNumber)
            WeightRing.Fetch<TTile>(ring, stage, slices.Projection, slices.FirstNumber, number, 0, slices.Channels);
        else if (number < slices.SecondNumber)
            WeightRing.Fetch<TTile>(ring, stage, slices.First, slices.SecondNumber - slices.FirstNumber, number - slices.FirstNumber, 0, slices.Hidden);
        else
            WeightRing.Fetch<TTile>(ring, stage, slices.Second, slices.End - slices.SecondNumber, number - slices.SecondNumber, 0, slices.Channels);
    }

    /// <summary>When all warps have multiplied a slice, starts to copy the one that takes its stage, if there is any.</summary>
    /// <param name="slices">All slices.</param>
    /// <param name="number">The number of the slice that the item's warp has multiplied.</param>
    /// <param name="ring">The ring, at that slice.</param>
    /// <param name="item">The item.</param>
    public static void FetchNext<TTile>(FeedForwardSlices slices, int number, WeightRing ring, int item)
        where TTile : struct, IFloat16Tile
    {
        int next = number + Float16RowsShape.Stages;
        if (next < slices.End && WeightRing.MayFill(ring, TTile.RowWarps, item))
            Fetch<TTile>(slices, next, ring, ring.Stage);
    }
}
