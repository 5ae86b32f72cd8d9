namespace Gsasr.Kernels;

/// <summary>Four whole numbers that are loaded and stored at once.</summary>
/// <param name="x">The first.</param>
/// <param name="y">The second.</param>
/// <param name="z">The third.</param>
/// <param name="w">The fourth.</param>
public struct Int4(int x, int y, int z, int w)
{
    /// <summary>The first.</summary>
    public int X = x;

    /// <summary>The second.</summary>
    public int Y = y;

    /// <summary>The third.</summary>
    public int Z = z;

    /// <summary>The fourth.</summary>
    public int W = w;
}
