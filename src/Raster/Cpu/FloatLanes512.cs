using System.Runtime.Intrinsics;

namespace Gsasr.Raster.Cpu;

/// <summary>16 floats.</summary>
internal readonly unsafe struct FloatLanes512(Vector512<float> value) : IFloatLanes<FloatLanes512>
{
    private readonly Vector512<float> _value = value;

    public static int Count => Vector512<float>.Count;

    public static FloatLanes512 Indices => new(Vector512<float>.Indices);

    public static FloatLanes512 operator +(FloatLanes512 a, FloatLanes512 b) => new(a._value + b._value);

    public static FloatLanes512 operator -(FloatLanes512 a, FloatLanes512 b) => new(a._value - b._value);

    public static FloatLanes512 operator *(FloatLanes512 a, FloatLanes512 b) => new(a._value * b._value);

    public static FloatLanes512 Broadcast(float value) => new(Vector512.Create(value));

    public static FloatLanes512 Load(float* source) => new(Vector512.Load(source));

    public static FloatLanes512 MultiplyAdd(FloatLanes512 a, FloatLanes512 b, FloatLanes512 c) =>
        new(Vector512.MultiplyAddEstimate(a._value, b._value, c._value));

    public static FloatLanes512 KeepBelow(FloatLanes512 value, FloatLanes512 index, FloatLanes512 limit) =>
        new(value._value & Vector512.LessThan(index._value, limit._value));

    public static FloatLanes512 ScaleDown(FloatLanes512 value, FloatLanes512 biased) =>
        new((value._value.AsInt32() - (biased._value.AsInt32() << 23)).AsSingle());

    public void Store(float* destination) => _value.Store(destination);
}
