namespace Gsasr.Kernels;

/// <summary>As <see cref="Sums64"/>, of 192 columns.</summary>
public struct Sums192
{
    /// <summary>Of columns 0 to 63.</summary>
    public Sums64 First;

    /// <summary>Of columns 64 to 127.</summary>
    public Sums64 Second;

    /// <summary>Of columns 128 to 191.</summary>
    public Sums64 Third;
}
