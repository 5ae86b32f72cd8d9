using System.Runtime.Intrinsics;

namespace Gsasr.Raster.Cpu;

/// <summary>8 floats.</summary>
internal readonly unsafe struct FloatLanes256(Vector256<float> value) : IFloatLanes<FloatLanes256>
{
    private readonly Vector256<float> _value = value;

    public static int Count => Vector256<float>.Count;

    public static FloatLanes256 Indices => new(Vector256<float>.Indices);

    public static FloatLanes256 operator +(FloatLanes256 a, FloatLanes256 b) => new(a._value + b._value);

    public static FloatLanes256 operator -(FloatLanes256 a, FloatLanes256 b) => new(a._value - b._value);

    public static FloatLanes256 operator *(FloatLanes256 a, FloatLanes256 b) => new(a._value * b._value);

    public static FloatLanes256 Broadcast(float value) => new(Vector256.Create(value));

    public static FloatLanes256 Load(float* source) => new(Vector256.Load(source));

    public static FloatLanes256 MultiplyAdd(FloatLanes256 a, FloatLanes256 b, FloatLanes256 c) =>
        new(Vector256.MultiplyAddEstimate(a._value, b._value, c._value));

    public static FloatLanes256 KeepBelow(FloatLanes256 value, FloatLanes256 index, FloatLanes256 limit) =>
        new(value._value & Vector256.LessThan(index._value, limit._value));

    public static FloatLanes256 ScaleDown(FloatLanes256 value, FloatLanes256 biased) =>
        new((value._value.AsInt32() - (biased._value.AsInt32() << 23)).AsSingle());

    public void Store(float* destination) => _value.Store(destination);
}
