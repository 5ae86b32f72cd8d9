using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gsasr;

/// <summary>Converts between the caller's pixels and the networks' floats, [height, width, 3] with values of 0 to 1.</summary>
internal static class PixelConversion
{
    /// <summary>The colours of a row of pixels, straight; grey becomes three equal channels.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="row">[pixels, channels].</param>
    /// <param name="layout">The channels.</param>
    /// <param name="colours">[pixels, 3].</param>
    /// <exception cref="ArgumentException">A value is not a number.</exception>
    public static void ToColours<T>(ReadOnlySpan<T> row, PixelLayout layout, Span<float> colours)
        where T : unmanaged
    {
        if (layout == PixelLayout.Rgb && typeof(T) == typeof(byte))
        {
            Scale(MemoryMarshal.Cast<T, byte>(row), byte.MaxValue, colours);
            return;
        }

        if (layout == PixelLayout.Rgb && typeof(T) == typeof(ushort))
        {
            Scale(MemoryMarshal.Cast<T, ushort>(row), ushort.MaxValue, colours);
            return;
        }

        int channels = layout.ChannelCount();
        int red = layout.RedChannel();
        int green = layout.IsGrey() ? 0 : 1;
        int blue = layout.IsGrey() ? 0 : 2 - red;
        bool isPremultiplied = layout.IsPremultiplied();
        for (int source = 0, target = 0; source < row.Length; source += channels, target += 3)
        {
            colours[target] = ToFloat(row[source + red]);
            colours[target + 1] = ToFloat(row[source + green]);
            colours[target + 2] = ToFloat(row[source + blue]);
            if (isPremultiplied)
                Divide(colours.Slice(target, 3), ToFloat(row[source + channels - 1]));
        }
    }

    /// <summary>The alpha of a row of pixels, as three equal channels.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="row">[pixels, channels].</param>
    /// <param name="layout">The channels, with alpha.</param>
    /// <param name="colours">[pixels, 3].</param>
    /// <exception cref="ArgumentException">A value is not a number.</exception>
    public static void ToAlpha<T>(ReadOnlySpan<T> row, PixelLayout layout, Span<float> colours)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        for (int source = channels - 1, target = 0; source < row.Length; source += channels, target += 3)
            colours.Slice(target, 3).Fill(ToFloat(row[source]));
    }

    /// <summary>Whether all pixels of a row are opaque.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="row">[pixels, channels].</param>
    /// <param name="layout">The channels, with alpha.</param>
    /// <exception cref="ArgumentException">A value is not a number.</exception>
    public static bool IsOpaque<T>(ReadOnlySpan<T> row, PixelLayout layout)
        where T : unmanaged
    {
        int channels = layout.ChannelCount();
        for (int i = channels - 1; i < row.Length; i += channels)
        {
            if (ToFloat(row[i]) != 1)
                return false;
        }

        return true;
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
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="colours">[pixels, 3].</param>
    public static void MakeNeutral<T>(Span<T> colours)
        where T : unmanaged
    {
        for (int i = 0; i < colours.Length; i += 3)
            colours.Slice(i, 3).Fill(Mean<T>(colours.Slice(i, 3)));
    }

    /// <summary>
    /// Writes drawn colours into the caller's pixels. Grey is the mean of the three channels, and so is alpha of its image.
    /// </summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="colours">[pixels, 3], drawn.</param>
    /// <param name="alpha">[pixels, 3], drawn; empty where all pixels are opaque.</param>
    /// <param name="layout">The channels of the pixels.</param>
    /// <param name="row">[pixels, channels].</param>
    public static void Write<T>(ReadOnlySpan<T> colours, ReadOnlySpan<T> alpha, PixelLayout layout, Span<T> row)
        where T : unmanaged
    {
        if (layout == PixelLayout.Rgb)
        {
            colours.CopyTo(row);
            return;
        }

        int channels = layout.ChannelCount();
        int red = layout.RedChannel();
        bool isGrey = layout.IsGrey();
        bool isPremultiplied = layout.IsPremultiplied() && !alpha.IsEmpty;
        for (int source = 0, target = 0; source < colours.Length; source += 3, target += channels)
        {
            if (isGrey)
            {
                row[target] = Mean(colours.Slice(source, 3));
            }
            else
            {
                row[target + red] = colours[source];
                row[target + 1] = colours[source + 1];
                row[target + 2 - red] = colours[source + 2];
            }

            if (!layout.HasAlpha())
                continue;
            T opacity = alpha.IsEmpty ? Opaque<T>() : Mean(alpha.Slice(source, 3));
            row[target + channels - 1] = opacity;
            if (isPremultiplied)
                Multiply(row.Slice(target, channels - 1), ToFloat(opacity));
        }
    }

    /// <summary>Clamps drawn floats to 0 and 1.</summary>
    /// <param name="values">Values, all of them numbers.</param>
    public static void Clamp(Span<float> values) => TensorPrimitives.Clamp(values, 0, 1, values);

    /// <summary>Mixes two values.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    /// <param name="share">The share of the other, 0 to 1.</param>
    public static T Mix<T>(T a, T b, float share)
        where T : unmanaged => FromFloat<T>(float.Lerp(ToFloat(a), ToFloat(b), share));

    // Many values at once, with the same bits as one by one.
    private static void Scale<T>(ReadOnlySpan<T> row, float most, Span<float> colours)
        where T : unmanaged, INumberBase<T>
    {
        Span<float> values = colours[..row.Length];
        TensorPrimitives.ConvertTruncating(row, values);
        TensorPrimitives.Divide(values, most, values);
    }

    private static float ToFloat<T>(T value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return Unsafe.BitCast<T, byte>(value) / 255f;
        if (typeof(T) == typeof(ushort))
            return Unsafe.BitCast<T, ushort>(value) / 65535f;
        float number = Unsafe.BitCast<T, float>(value);
        if (float.IsNaN(number))
            throw new ArgumentException("A value of the image is not a number (NaN).");
        return Math.Clamp(number, 0, 1);
    }

    // A number of 0 to 1, rounded as drawn values are.
    private static T FromFloat<T>(float value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return Unsafe.BitCast<byte, T>((byte)MathF.Round(byte.MaxValue * value));
        return typeof(T) == typeof(ushort)
            ? Unsafe.BitCast<ushort, T>((ushort)MathF.Round(ushort.MaxValue * value))
            : Unsafe.BitCast<float, T>(value);
    }

    private static T Opaque<T>()
        where T : unmanaged => FromFloat<T>(1);

    // Colours of fully transparent pixels are unknown. They are black until TransparentColours finds better ones.
    private static void Divide(Span<float> colour, float alpha)
    {
        for (int i = 0; i < colour.Length; i++)
            colour[i] = alpha == 0 ? 0 : Math.Min(1, colour[i] / alpha);
    }

    private static void Multiply<T>(Span<T> colour, float alpha)
        where T : unmanaged
    {
        foreach (ref T value in colour)
            value = FromFloat<T>(ToFloat(value) * alpha);
    }

    private static T Mean<T>(ReadOnlySpan<T> channels)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.Cast<T, byte>(channels);
            return Unsafe.BitCast<byte, T>((byte)((bytes[0] + bytes[1] + bytes[2] + 1) / 3));
        }

        if (typeof(T) == typeof(ushort))
        {
            ReadOnlySpan<ushort> words = MemoryMarshal.Cast<T, ushort>(channels);
            return Unsafe.BitCast<ushort, T>((ushort)((words[0] + words[1] + words[2] + 1) / 3));
        }

        ReadOnlySpan<float> floats = MemoryMarshal.Cast<T, float>(channels);
        return Unsafe.BitCast<float, T>((floats[0] + floats[1] + floats[2]) / 3);
    }
}
