namespace Gsasr.Kernels;

/// <summary>The sums of 64 columns of which an item of a warpgroup holds two in each of two rows of every eight columns.</summary>
public struct Sums64
{
    /// <summary>Of columns 0 to 7: two of the upper row, two of the lower.</summary>
    public Float4 Block0;

    /// <summary>Of columns 8 to 15.</summary>
    public Float4 Block1;

    /// <summary>Of columns 16 to 23.</summary>
    public Float4 Block2;

    /// <summary>Of columns 24 to 31.</summary>
    public Float4 Block3;

    /// <summary>Of columns 32 to 39.</summary>
    public Float4 Block4;

    /// <summary>Of columns 40 to 47.</summary>
    public Float4 Block5;

    /// <summary>Of columns 48 to 55.</summary>
    public Float4 Block6;

    /// <summary>Of columns 56 to 63.</summary>
    public Float4 Block7;

    /// <summary>Gathers eight blocks.</summary>
    /// <param name="sums">Sums, block by block.</param>
    /// <param name="first">The first block.</param>
    public static Sums64 From(Float4[] sums, int first) => new()
    {
        Block0 = sums[first],
        Block1 = sums[first + 1],
        Block2 = sums[first + 2],
        Block3 = sums[first + 3],
        Block4 = sums[first + 4],
        Block5 = sums[first + 5],
        Block6 = sums[first + 6],
        Block7 = sums[first + 7],
    };

    /// <summary>Puts the eight blocks back.</summary>
    /// <param name="sums">Sums, block by block.</param>
    /// <param name="first">The first block.</param>
    public readonly void CopyTo(Float4[] sums, int first)
    {
        sums[first] = Block0;
        sums[first + 1] = Block1;
        sums[first + 2] = Block2;
        sums[first + 3] = Block3;
        sums[first + 4] = Block4;
        sums[first + 5] = Block5;
        sums[first + 6] = Block6;
        sums[first + 7] = Block7;
    }
}
