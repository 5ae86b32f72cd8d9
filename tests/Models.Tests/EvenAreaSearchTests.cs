namespace Gsasr.Models.Tests;

/// <summary>Even areas are found and drawn by the rule, whatever the sizes: compared with the rule itself, pixel by pixel.</summary>
public sealed class EvenAreaSearchTests
{
    [Fact]
    public void Areas_are_found_by_the_rule_at_every_width_and_drawn_over_the_pixels_between_them()
    {
        var random = new Random(5);
        for (int width = 1; width <= 45; width++)
        {
            foreach (int height in (int[])[1, 3, 14])
                Check(random, width, height, 1 + random.NextDouble() * 4);
        }
    }

    [Fact]
    public void Areas_are_drawn_where_there_are_fewer_pixels_than_in_the_image() => Check(new Random(6), 60, 30, 0.7);

    private static void Check(Random random, int width, int height, double scale)
    {
        // Patches of few colours that differ in one channel, so that some neighbours differ in the last value that is compared.
        var image = new float[width * height * 3];
        for (int i = 0; i < width * height; i++)
            image.AsSpan(3 * i, 3).Fill(0.25f);
        for (int patch = 0; patch < 6; patch++)
        {
            (int x, int y, int channel, float value) = (random.Next(width), random.Next(height), random.Next(3), random.Next(3) / 2f);
            for (int row = y; row < Math.Min(height, y + 1 + random.Next(9)); row++)
            {
                for (int column = x; column < Math.Min(width, x + 1 + random.Next(12)); column++)
                    image[(row * width + column) * 3 + channel] = value;
            }
        }

        int drawnWidth = (int)Math.Ceiling(width * scale);
        int drawnHeight = (int)Math.Ceiling(height * scale);
        var drawn = new float[drawnWidth * drawnHeight * 3];
        Array.Fill(drawn, 9);
        var areas = new EvenAreas();
        bool found = areas.Find(image, width, height);
        areas.Blend<float>(0, 0, scale, scale, drawnWidth, drawn);
        bool expected = false;
        for (int i = 0; i < width * height; i++)
            expected |= IsEven(image, width, height, i % width, i / width);
        Assert.Equal(expected, found);
        for (int i = 0; i < drawn.Length; i++)
        {
            double x = (i / 3 % drawnWidth + 0.5) / scale - 0.5;
            double y = (i / 3 / drawnWidth + 0.5) / scale - 0.5;
            Assert.Equal(Blended(image, width, height, x, y, i % 3), drawn[i], 1e-4);
        }
    }

    // 9, but for the shares of even pixels.
    private static double Blended(float[] image, int width, int height, double x, double y, int channel)
    {
        double value = 9;
        x = Math.Clamp(x, 0, width - 1);
        y = Math.Clamp(y, 0, height - 1);
        for (int row = (int)y; row <= Math.Min((int)y + 1, height - 1); row++)
        {
            for (int column = (int)x; column <= Math.Min((int)x + 1, width - 1); column++)
            {
                double share = (1 - Math.Abs(x - column)) * (1 - Math.Abs(y - row));
                if (IsEven(image, width, height, column, row))
                    value += share * (image[(row * width + column) * 3 + channel] - 9);
            }
        }

        return value;
    }

    private static bool IsEven(float[] image, int width, int height, int column, int row)
    {
        for (int y = Math.Max(row - 2, 0); y <= Math.Min(row + 2, height - 1); y++)
        {
            for (int x = Math.Max(column - 2, 0); x <= Math.Min(column + 2, width - 1); x++)
            {
                if (!image.AsSpan((y * width + x) * 3, 3).SequenceEqual(image.AsSpan((row * width + column) * 3, 3)))
                    return false;
            }
        }

        return true;
    }
}
