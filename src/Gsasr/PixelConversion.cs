using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gsasr;

/// <summary>Between the caller's pixels and the networks' floats: [height, width, 3] with values of 0 to 1.</summary>
internal static class PixelConversion
{
    /// <summary>The colours of pixels; grey becomes three equal channels.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="pixels">[pixels, channels].</param>
    /// <param name="layout">The channels.</param>
    /// <param name="colours">[pixels, 3].</param>
    public static void ToColours<T>(ReadOnlySpan<T> pixels, PixelLayout layout, Span<float> colours)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        bool grey = layout is PixelLayout.Grey or PixelLayout.GreyAlpha;
        for (int source = 0, target = 0; source < pixels.Length; source += channels, target += 3)
        {
            colours[target] = ToFloat(pixels[source]);
            colours[target + 1] = grey ? colours[target] : ToFloat(pixels[source + 1]);
            colours[target + 2] = grey ? colours[target] : ToFloat(pixels[source + 2]);
        }
    }

    /// <summary>The alpha of pixels, as three equal channels.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="pixels">[pixels, channels].</param>
    /// <param name="layout">The channels, with alpha.</param>
    /// <param name="colours">[pixels, 3].</param>
    /// <returns>Whether all pixels are opaque.</returns>
    public static bool ToAlpha<T>(ReadOnlySpan<T> pixels, PixelLayout layout, Span<float> colours)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        bool opaque = true;
        for (int source = channels - 1, target = 0; source < pixels.Length; source += channels, target += 3)
        {
            float alpha = ToFloat(pixels[source]);
            colours.Slice(target, 3).Fill(alpha);
            opaque &= alpha == 1;
        }

        return opaque;
    }

    /// <summary>Whether all colours are greys.</summary>
    /// <param name="colours">[pixels, 3].</param>
    public static bool AreNeutral(ReadOnlySpan<float> colours)
    {
        for (int i = 0; i < colours.Length; i += 3)
        {
            if (colours[i] != colours[i + 1] || colours[i] != colours[i + 2])
                return false;
        }

        return true;
    }

    /// <summary>Turns drawn colours into greys, the mean of the three channels.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="colours">[pixels, 3].</param>
    public static void MakeNeutral<T>(Span<T> colours)
        where T : unmanaged
    {
        for (int i = 0; i < colours.Length; i += 3)
            colours.Slice(i, 3).Fill(Mean<T>(colours.Slice(i, 3)));
    }

    /// <summary>Writes drawn colours into the caller's pixels; grey is the mean of the three channels.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="colours">[pixels, 3].</param>
    /// <param name="layout">The channels of the pixels.</param>
    /// <param name="pixels">[pixels, channels]; alpha is set to opaque.</param>
    public static void FromColours<T>(ReadOnlySpan<T> colours, PixelLayout layout, Span<T> pixels)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        for (int source = 0, target = 0; source < colours.Length; source += 3, target += channels)
        {
            if (channels < 3)
                pixels[target] = Mean(colours.Slice(source, 3));
            else
                colours.Slice(source, 3).CopyTo(pixels[target..]);
            if (layout.HasAlpha())
                pixels[target + channels - 1] = Opaque<T>();
        }
    }

    /// <summary>Writes a drawn alpha, the mean of three channels, into the caller's pixels.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="colours">[pixels, 3].</param>
    /// <param name="layout">The channels of the pixels, with alpha.</param>
    /// <param name="pixels">[pixels, channels].</param>
    public static void FromAlpha<T>(ReadOnlySpan<T> colours, PixelLayout layout, Span<T> pixels)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        for (int source = 0, target = channels - 1; source < colours.Length; source += 3, target += channels)
            pixels[target] = Mean(colours.Slice(source, 3));
    }

    private static float ToFloat<T>(T value)
        where T : unmanaged => typeof(T) == typeof(byte) ? Unsafe.BitCast<T, byte>(value) / 255f : Unsafe.BitCast<T, ushort>(value) / 65535f;

    private static T Opaque<T>()
        where T : unmanaged => typeof(T) == typeof(byte) ? Unsafe.BitCast<byte, T>(byte.MaxValue) : Unsafe.BitCast<ushort, T>(ushort.MaxValue);

    private static T Mean<T>(ReadOnlySpan<T> channels)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.Cast<T, byte>(channels);
            return Unsafe.BitCast<byte, T>((byte)((bytes[0] + bytes[1] + bytes[2] + 1) / 3));
        }

        ReadOnlySpan<ushort> words = MemoryMarshal.Cast<T, ushort>(channels);
        return Unsafe.BitCast<ushort, T>((ushort)((words[0] + words[1] + words[2] + 1) / 3));
    }
}
