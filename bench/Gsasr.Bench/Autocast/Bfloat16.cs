namespace Gsasr.Bench;

/// <summary>Numbers of 8 significant bits with the range of float32.</summary>
internal static class Bfloat16
{
    /// <summary>The nearest such number, the even one of two, as PyTorch and the tensor cores have it.</summary>
    /// <param name="value">A finite number.</param>
    public static float Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    /// <summary>Rounds values in place.</summary>
    /// <param name="values">Finite numbers.</param>
    public static void Round(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Round(values[i]);
    }
}
