namespace Gsasr.Raster.Cpu;

/// <summary>How many colours a Gaussian has, as a constant that kernels are compiled for.</summary>
internal interface IColourCount
{
    /// <summary>1 to 4.</summary>
    static abstract int Value { get; }
}

/// <summary>One colour.</summary>
internal readonly struct OneColour : IColourCount
{
    /// <inheritdoc/>
    public static int Value => 1;
}

/// <summary>Two colours.</summary>
internal readonly struct TwoColours : IColourCount
{
    /// <inheritdoc/>
    public static int Value => 2;
}

/// <summary>Three colours.</summary>
internal readonly struct ThreeColours : IColourCount
{
    /// <inheritdoc/>
    public static int Value => 3;
}

/// <summary>Four colours.</summary>
internal readonly struct FourColours : IColourCount
{
    /// <inheritdoc/>
    public static int Value => 4;
}
