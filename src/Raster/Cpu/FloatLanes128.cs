using System.Runtime.Intrinsics;

namespace Gsasr.Raster.Cpu;

/// <summary>4 floats.</summary>
internal readonly unsafe struct FloatLanes128(Vector128<float> value) : IFloatLanes<FloatLanes128>
{
    private readonly Vector128<float> _value = value;

    public static int Count => Vector128<float>.Count;

    public static FloatLanes128 Indices => new(Vector128<float>.Indices);

    public static FloatLanes128 operator +(FloatLanes128 a, FloatLanes128 b) => new(a._value + b._value);

    public static FloatLanes128 operator -(FloatLanes128 a, FloatLanes128 b) => new(a._value - b._value);

    public static FloatLanes128 operator *(FloatLanes128 a, FloatLanes128 b) => new(a._value * b._value);

    public static FloatLanes128 Broadcast(float value) => new(Vector128.Create(value));

    public static FloatLanes128 Load(float* source) => new(Vector128.Load(source));

    public static FloatLanes128 MultiplyAdd(FloatLanes128 a, FloatLanes128 b, FloatLanes128 c) =>
        new(Vector128.MultiplyAddEstimate(a._value, b._value, c._value));

    public static FloatLanes128 KeepBelow(FloatLanes128 value, FloatLanes128 index, FloatLanes128 limit) =>
        new(value._value & Vector128.LessThan(index._value, limit._value));

    public static FloatLanes128 ScaleDown(FloatLanes128 value, FloatLanes128 biased) =>
        new((value._value.AsInt32() - (biased._value.AsInt32() << 23)).AsSingle());

    public void Store(float* destination) => _value.Store(destination);
}
