namespace Gsasr.Kernels;

/// <summary>Two floats that are loaded and stored at once.</summary>
/// <param name="x">The first.</param>
/// <param name="y">The second.</param>
public struct Float2(float x, float y)
{
    /// <summary>The first.</summary>
    public float X = x;

    /// <summary>The second.</summary>
    public float Y = y;
}
