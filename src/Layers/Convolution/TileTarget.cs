using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Where the sums of a tile go, and what happens to them on the way: output = activation(sum + bias) + residual.</summary>
internal unsafe struct TileTarget
{
    /// <summary>The first row's first value.</summary>
    public float* Output;

    /// <summary>Floats from one row of the output to the next.</summary>
    public nint Pitch;

    /// <summary>A value for each column, or null for none.</summary>
    public float* Bias;

    /// <summary>Applied after the bias.</summary>
    public Activation Activation;

    /// <summary>Added last, or null; may be the output.</summary>
    public float* Residual;

    /// <summary>Floats from one row of the residual to the next; 0 if there is none.</summary>
    public nint ResidualPitch;

    /// <summary>Moves on to the same columns of later rows.</summary>
    /// <param name="rows">How many rows later.</param>
    public void Skip(nint rows)
    {
        Output += rows * Pitch;
        Residual += rows * ResidualPitch;
    }

    /// <summary>A vector of the bias.</summary>
    /// <param name="column">Its first column.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TVector BiasAt<TVector, TSimd>(int column)
        where TVector : unmanaged
        where TSimd : ISimd<TVector> => Bias is null ? default : TSimd.Load(Bias + column);

    /// <summary>Finishes and stores two vectors of a row.</summary>
    /// <param name="row">The row, from 0.</param>
    /// <param name="sum0">The first vector's sums.</param>
    /// <param name="sum1">The second vector's.</param>
    /// <param name="bias0">The first vector's bias.</param>
    /// <param name="bias1">The second vector's.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TVector, TSimd>(int row, TVector sum0, TVector sum1, TVector bias0, TVector bias1)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        float* output = Output + row * Pitch;
        float* residual = Residual + row * ResidualPitch;
        TVector value0 = Activate<TVector, TSimd>(TSimd.Add(sum0, bias0));
        TVector value1 = Activate<TVector, TSimd>(TSimd.Add(sum1, bias1));
        if (residual is not null)
        {
            value0 = TSimd.Add(value0, TSimd.Load(residual));
            value1 = TSimd.Add(value1, TSimd.Load(residual + TSimd.Width));
        }

        TSimd.Store(output, value0);
        TSimd.Store(output + TSimd.Width, value1);
    }

    /// <summary>Finishes and stores one vector of a row.</summary>
    /// <param name="row">The row, from 0.</param>
    /// <param name="sum">The sums.</param>
    /// <param name="bias">Their bias.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TVector, TSimd>(int row, TVector sum, TVector bias)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        TVector value = Activate<TVector, TSimd>(TSimd.Add(sum, bias));
        if (Residual is not null)
            value = TSimd.Add(value, TSimd.Load(Residual + row * ResidualPitch));
        TSimd.Store(Output + row * Pitch, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly TVector Activate<TVector, TSimd>(TVector value)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        switch (Activation)
        {
            case Activation.Relu:
                return TSimd.Max(value, TSimd.Broadcast(0));
            case Activation.LeakyRelu:
                return TSimd.Max(value, TSimd.Multiply(value, TSimd.Broadcast(0.01f)));
            case Activation.Gelu:
                TVector erf = VectorMath.Erf<TVector, TSimd>(TSimd.Multiply(value, TSimd.Broadcast(0.70710678f)));
                return TSimd.Multiply(TSimd.Multiply(value, TSimd.Broadcast(0.5f)), TSimd.Add(erf, TSimd.Broadcast(1)));
            default:
                return value;
        }
    }
}
