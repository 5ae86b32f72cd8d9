using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>A small RGB picture, or one that stands somewhere in a large one.</summary>
internal sealed class SmallPicture
{
    private static readonly Lazy<Image> s_astronaut = new(() => ImageFile.Read(TestData.PhotoFile("astronaut.png")));
    private static readonly Lazy<Image> s_coffee = new(() => ImageFile.Read(TestData.PhotoFile("coffee.png")));

    private readonly byte[] _pixels;
    private readonly int _wholeWidth;
    private readonly int _wholeHeight;
    private readonly int _left;
    private readonly int _top;
    private readonly int _width;
    private readonly int _height;

    private SmallPicture(byte[] pixels, int wholeWidth, int wholeHeight, int left, int top, int width, int height)
    {
        _pixels = pixels;
        (_wholeWidth, _wholeHeight) = (wholeWidth, wholeHeight);
        (_left, _top, _width, _height) = (left, top, width, height);
    }

    /// <summary>What <see cref="Make"/> makes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["portrait", "coffee", "white", "red", "gradient", "noise", "icon", "stripes"];

    /// <summary>Its size, for people.</summary>
    public string Size => $"{_width} x {_height}";

    /// <summary>A picture of a kind. Those of each size are of another place, and of other colours.</summary>
    public static SmallPicture Make(string kind, int width, int height)
    {
        var random = new Random(49 * height + width);
        var colours = new byte[9];
        random.NextBytes(colours);
        return kind switch
        {
            "portrait" => Part(s_astronaut.Value, random, width, height),
            "coffee" => Part(s_coffee.Value, random, width, height),
            "white" => Flat([255, 255, 255], width, height),
            "red" => Flat([200, 30, 30], width, height),
            "gradient" => Fill(width, height, (x, y, c) =>
                (byte)(colours[c] + (colours[3 + c] - colours[c]) * (x + 0.5) / width * 0.5 + (colours[6 + c] - colours[c]) * (y + 0.5) / height * 0.5)),
            "noise" => Fill(width, height, (_, _, _) => (byte)random.Next(256)),
            // A frame of one pixel, a ground, and a mark in the middle.
            "icon" => Fill(width, height, (x, y, c) => colours[c + 3 * (x == 0 || y == 0 || x == width - 1 || y == height - 1 ? 0
                : Math.Abs(2 * x - width) < width / 2 && Math.Abs(2 * y - height) < height / 2 ? 1 : 2)]),
            "stripes" => Fill(width, height, (x, _, c) => colours[3 * (x % 2) + c]),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of picture."),
        };
    }

    /// <summary>A picture of one colour.</summary>
    public static SmallPicture Flat(byte[] colour, int width, int height) => Fill(width, height, (_, _, c) => colour[c]);

    /// <summary>The same picture in the middle of a large one, which goes on from it as between mirrors.</summary>
    public SmallPicture Among(int side)
    {
        // Whole pictures before it, an even number of them so that it is not reversed.
        int left = (side / 2 / _width + 1) / 2 * 2 * _width;
        int top = (side / 2 / _height + 1) / 2 * 2 * _height;
        int wholeWidth = Math.Max(side, 2 * left + _width);
        int wholeHeight = Math.Max(side, 2 * top + _height);
        SmallPicture whole = Fill(wholeWidth, wholeHeight, (x, y, c) => _pixels[(Mirrored(y, _height) * _width + Mirrored(x, _width)) * 3 + c]);
        return new SmallPicture(whole._pixels, wholeWidth, wholeHeight, left, top, _width, _height);
    }

    /// <summary>How far an upscaler moves its mean, in levels, in the channel where it is most.</summary>
    public double Change(Upscaler upscaler, double scale)
    {
        (int wholeWidth, int wholeHeight) = Upscaler.OutputSize(_wholeWidth, _wholeHeight, scale);
        var drawn = new byte[wholeWidth * wholeHeight * 3];
        upscaler.Upscale<byte>(new(_pixels, _wholeWidth, _wholeHeight, PixelLayout.Rgb), new(drawn, wholeWidth, wholeHeight, PixelLayout.Rgb), scale);
        bool isWhole = _wholeWidth == _width && _wholeHeight == _height;
        (int width, int height) = isWhole ? (wholeWidth, wholeHeight) : ((int)(scale * _width), (int)(scale * _height));
        double most = 0;
        for (int c = 0; c < 3; c++)
        {
            double before = Mean(_pixels, _wholeWidth, _left, _top, _width, _height, c);
            double after = Mean(drawn, wholeWidth, (int)(scale * _left), (int)(scale * _top), width, height, c);
            most = Math.Max(most, Math.Abs(after - before));
        }

        return most;
    }

    private static SmallPicture Part(Image photo, Random random, int width, int height)
    {
        int left = random.Next(photo.Width - width);
        int top = random.Next(photo.Height - height);
        return Fill(width, height, (x, y, c) => photo.Samples8[((top + y) * photo.Width + left + x) * 3 + c]);
    }

    private static SmallPicture Fill(int width, int height, Func<int, int, int, byte> sample)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = sample(i / 3 % width, i / 3 / width, i % 3);
        return new SmallPicture(pixels, width, height, 0, 0, width, height);
    }

    private static int Mirrored(int place, int size)
    {
        int inTwo = place % (2 * size);
        return inTwo < size ? inTwo : 2 * size - 1 - inTwo;
    }

    private static double Mean(byte[] pixels, int wholeWidth, int left, int top, int width, int height, int channel)
    {
        double sum = 0;
        for (int y = top; y < top + height; y++)
        {
            for (int x = left; x < left + width; x++)
                sum += pixels[(y * wholeWidth + x) * 3 + channel];
        }

        return sum / ((double)width * height);
    }
}
