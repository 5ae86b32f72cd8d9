namespace Gsasr.Imaging;

/// <summary>Turns and mirrors an image as its EXIF orientation asks, so that no other code has to.</summary>
internal static class Orientation
{
    /// <summary>The image upright, with EXIF that says so; the same object if it is upright.</summary>
    public static Image Apply(Image image)
    {
        if (image.Metadata.Exif is not { } exif)
            return image;
        int orientation = ExifData.GetOrientation(exif);
        if (orientation == 1)
        {
            // A number that is none of the orientations means this one too, but some readers refuse it.
            image.Metadata = image.Metadata with { Exif = ExifData.WithOrientationReset(exif) };
            return image;
        }

        bool transposed = IsTransposed(orientation);
        int width = transposed ? image.Height : image.Width;
        int height = transposed ? image.Width : image.Height;
        Image upright = image.BitDepth == 8
            ? new Image(width, height, image.Layout, Turn(image.Samples8, image, orientation))
            : new Image(width, height, image.Layout, Turn(image.Samples16, image, orientation));
        PixelDensity? density = image.Metadata.Density;
        if (transposed && density is { } old)
            density = old with { Horizontal = old.Vertical, Vertical = old.Horizontal };
        upright.Notes = image.Notes;
        upright.Metadata = image.Metadata with { Exif = ExifData.WithOrientationReset(exif), Density = density };
        return upright;
    }

    /// <summary>Whether an orientation exchanges rows and columns.</summary>
    public static bool IsTransposed(int orientation) => orientation >= 5;

    private static T[] Turn<T>(T[] source, Image image, int orientation)
        where T : unmanaged
    {
        int width = image.Width, height = image.Height, channels = image.ChannelCount;
        T[] target = new T[source.Length];
        // Stored pixel (x, y) goes to target pixel origin + x * stepX + y * stepY (TIFF 6.0, tag 274).
        (int origin, int stepX, int stepY) = orientation switch
        {
            2 => (width - 1, -1, width),
            3 => (width * height - 1, -1, -width),
            4 => ((height - 1) * width, 1, -width),
            5 => (0, height, 1),
            6 => (height - 1, height, -1),
            7 => (width * height - 1, -height, -1),
            _ => ((width - 1) * height, -height, 1),
        };
        // Blocks of 16 x 16 pixels keep the rows that are read and the columns that are written in the cache.
        const int Block = 16;
        for (int blockY = 0; blockY < height; blockY += Block)
        {
            int endY = Math.Min(blockY + Block, height);
            for (int blockX = 0; blockX < width; blockX += Block)
            {
                int endX = Math.Min(blockX + Block, width);
                for (int y = blockY; y < endY; y++)
                {
                    for (int x = blockX; x < endX; x++)
                    {
                        ReadOnlySpan<T> pixel = source.AsSpan((y * width + x) * channels, channels);
                        Span<T> destination = target.AsSpan((origin + x * stepX + y * stepY) * channels, channels);
                        for (int c = 0; c < pixel.Length; c++)
                            destination[c] = pixel[c];
                    }
                }
            }
        }
        return target;
    }
}
