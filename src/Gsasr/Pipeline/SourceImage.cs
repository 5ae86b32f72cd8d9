using System.Runtime.InteropServices;

namespace Gsasr.Pipeline;

/// <summary>
/// The caller's image as the networks want it: floats of three channels, colours and, where there is transparency, alpha as an image of its own.
/// The memory is kept for the next image.
/// </summary>
internal sealed class SourceImage
{
    private readonly TransparentColours _transparentColours = new();
    private float[] _colours = [];
    private float[] _alpha = [];

    /// <summary>[height, width, 3] values of 0 to 1, including those of the geometry's margin; the array may be longer.</summary>
    public float[] Colours => _colours;

    /// <summary>Alpha, likewise; meaningless where all pixels are opaque.</summary>
    public float[] Alpha => _alpha;

    /// <summary>Whether some pixels of an image are not opaque.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="source">The image.</param>
    public static bool IsTransparent<T>(ReadOnlyPixelSpan<T> source)
        where T : unmanaged
    {
        if (!source.Layout.HasAlpha())
            return false;
        for (int y = 0; y < source.Height; y++)
        {
            if (!PixelConversion.IsOpaque(source.Row(y), source.Layout))
                return true;
        }

        return false;
    }

    /// <summary>Takes an image.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="source">The image.</param>
    /// <param name="geometry">Its sizes.</param>
    /// <param name="withAlpha">Whether its alpha is wanted.</param>
    /// <exception cref="ArgumentException">A value is not a number.</exception>
    public void Read<T>(ReadOnlyPixelSpan<T> source, in ImageGeometry geometry, bool withAlpha)
        where T : unmanaged
    {
        Resize(ref _colours, geometry);
        for (int y = 0; y < geometry.Height; y++)
        {
            ReadOnlySpan<T> row = source.Row(SourceRow(y, geometry));
            PixelConversion.ToColours(row, source.Layout, Drawn(_colours, y, geometry));
            Repeat(_colours, y, geometry);
        }

        if (!source.Layout.HasAlpha() || !(withAlpha || source.Layout.IsPremultiplied()))
            return;
        Resize(ref _alpha, geometry);
        for (int y = 0; y < geometry.Height; y++)
        {
            PixelConversion.ToAlpha(source.Row(SourceRow(y, geometry)), source.Layout, Drawn(_alpha, y, geometry));
            Repeat(_alpha, y, geometry);
        }

        int values = geometry.Width * geometry.Height * 3;
        if (IsTransparent(source))
            _transparentColours.Fill(_colours.AsSpan(0, values), _alpha.AsSpan(0, values), geometry.Width, geometry.Height);
    }

    /// <summary>Hands the array of the colours over to somebody who keeps it.</summary>
    /// <returns>[height, width, 3], with exactly the length of the image.</returns>
    /// <param name="geometry">The image's sizes.</param>
    public float[] TakeColours(in ImageGeometry geometry)
    {
        float[] colours = _colours;
        int length = geometry.Width * geometry.Height * 3;
        if (colours.Length != length)
            return colours.AsSpan(0, length).ToArray();
        _colours = [];
        return colours;
    }

    private static void Resize(ref float[] array, in ImageGeometry geometry)
    {
        int length = checked(geometry.Width * geometry.Height * 3);
        if (array.Length < length)
            array = GC.AllocateUninitializedArray<float>(length);
    }

    private static int SourceRow(int y, in ImageGeometry geometry)
    {
        int row = (y - geometry.Margin) % geometry.DrawnHeight;
        return row < 0 ? row + geometry.DrawnHeight : row;
    }

    private static Span<float> Drawn(float[] image, int y, in ImageGeometry geometry) =>
        image.AsSpan((y * geometry.Width + geometry.Margin) * 3, geometry.DrawnWidth * 3);

    // Fills the margins of a row with repetitions of what is between them.
    private static void Repeat(float[] image, int y, in ImageGeometry geometry)
    {
        if (geometry.Margin == 0)
            return;
        Span<Pixel> row = MemoryMarshal.Cast<float, Pixel>(image.AsSpan(y * geometry.Width * 3, geometry.Width * 3));
        for (int x = geometry.Margin - 1; x >= 0; x--)
            row[x] = row[x + geometry.DrawnWidth];
        for (int x = geometry.Margin + geometry.DrawnWidth; x < row.Length; x++)
            row[x] = row[x - geometry.DrawnWidth];
    }

    private readonly record struct Pixel(float Red, float Green, float Blue);
}
