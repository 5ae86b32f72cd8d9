using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>An RGB image of bytes to upscale.</summary>
/// <param name="Pixels">[height, width, 3].</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
internal sealed record Picture(byte[] Pixels, int Width, int Height)
{
    /// <summary>A part of photo.png.</summary>
    public static Picture Photo(int left, int top, int width, int height)
    {
        Image photo = ImageFile.Read(Path.Combine(TestData.RepositoryRoot, "photo.png"));
        var pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
            photo.Samples8.AsSpan(((top + y) * photo.Width + left) * 3, width * 3).CopyTo(pixels.AsSpan(y * width * 3));
        return new Picture(pixels, width, height);
    }

    /// <summary>
    /// The picture continued at the right and at the bottom as between two mirrors: steps go back and forth between the first
    /// and the last pixel.
    /// </summary>
    public Picture Mirrored(int multiple)
    {
        int[] columns = Walk(Width, multiple);
        int[] rows = Walk(Height, multiple);
        byte[] pixels = [.. rows.SelectMany(y => columns.SelectMany(x => Pixels[((y * Width + x) * 3)..((y * Width + x) * 3 + 3)]))];
        return new Picture(pixels, columns.Length, rows.Length);
    }

    /// <summary>The first columns and rows of the picture.</summary>
    public Picture Cut(int width, int height) =>
        new([.. Enumerable.Range(0, height).SelectMany(y => Pixels.Skip(y * Width * 3).Take(width * 3))], width, height);

    /// <summary>The picture beside and below itself, as often as a size takes.</summary>
    public Picture Repeated(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = Pixels[(i / 3 / width % Height * Width + i / 3 % width % Width) * 3 + i % 3];
        return new Picture(pixels, width, height);
    }

    private static int[] Walk(int size, int multiple)
    {
        var places = new List<int>();
        int place = 0;
        int step = 1;
        while (places.Count < size || places.Count % multiple != 0)
        {
            places.Add(place);
            if (place + step < 0 || place + step >= size)
                step = -step;
            place = Math.Clamp(place + step, 0, size - 1);
        }

        return [.. places];
    }
}
