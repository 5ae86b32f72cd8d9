namespace Gsasr.Raster.Cpu;

/// <summary>A vector of floats of one of the processor's widths, so that a kernel is written once for all of them.</summary>
/// <typeparam name="TSelf">The vector.</typeparam>
internal unsafe interface IFloatLanes<TSelf>
    where TSelf : unmanaged, IFloatLanes<TSelf>
{
    /// <summary>Floats in the vector.</summary>
    static abstract int Count { get; }

    /// <summary>0, 1, 2, ...</summary>
    static abstract TSelf Indices { get; }

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf Load(float* source);

    /// <summary>a * b + c, rounded once where the processor can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The values where <paramref name="index"/> is below <paramref name="limit"/>, and zero elsewhere whatever stands there.</summary>
    static abstract TSelf KeepBelow(TSelf value, TSelf index, TSelf limit);

    /// <summary>value * 2^-n, where n stands in the low bits of the float <paramref name="biased"/>.</summary>
    static abstract TSelf ScaleDown(TSelf value, TSelf biased);

    void Store(float* destination);
}
