using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>Pseudo-random inputs, the same on every run.</summary>
internal static class Numbers
{
    /// <summary>Numbers in [-1, 1).</summary>
    /// <param name="name">What they are for; different names give different numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="amplitude">What they are multiplied with.</param>
    public static float[] Of(string name, int count, float amplitude = 1)
    {
        ulong hash = SeededNumbers.Hash(name);
        var numbers = new float[count];
        for (int i = 0; i < count; i++)
            numbers[i] = amplitude * SeededNumbers.Uniform(hash, i);
        return numbers;
    }
}
