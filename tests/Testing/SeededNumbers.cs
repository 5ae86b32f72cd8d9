using System.Text;

namespace Gsasr.Testing;

/// <summary>
/// The pseudo-random numbers of the golden data (tests/data/golden/README.md): SplitMix64 from the FNV-1a hash of a text.
/// </summary>
public static class SeededNumbers
{
    /// <summary>64-bit FNV-1a of the text's UTF-8 bytes.</summary>
    public static ulong Hash(string text)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ value) * 0x100000001b3;
        return hash;
    }

    /// <summary>Number <paramref name="index"/> of the sequence, in [-1, 1), a multiple of 2^-23 and so exact in float32.</summary>
    public static float Uniform(ulong hash, long index)
    {
        ulong z = hash + (((ulong)index + 1) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return ((z >> 40) / 8388608f) - 1f;
    }
}
