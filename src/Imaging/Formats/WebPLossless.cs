namespace Gsasr.Imaging.Formats;

/// <summary>
/// Goes through the data of a lossless WebP (RFC 9649) without decoding pixels, to see that all of them are there: the decoder leaves missing
/// ones empty. Each block of the picture has the number of the group of prefix codes that it uses. For every group up to the largest number the
/// decoder allocates tables of 25 to 50 KB before it reads the first; that number is checked here.
/// </summary>
internal ref struct WebPLossless
{
    private const int Literals = 256, Lengths = 24, Distances = 40, CodesOfGroup = 5;
    private const int Predictor = 0, CrossColour = 1, SubtractGreen = 2;

    // A group is five prefix codes, and the shortest description of one has 4 bits. No known encoder makes more than 2600 groups.
    private const int LeastBitsOfGroup = 20;
    private const int MaximumGroups = 4096;

    // A short distance is the number of a pixel nearby: the nearest first, then by column, the left one first.
    private static readonly (int Left, int Up)[] Nearby = [.. Enumerable.Range(0, 8)
        .SelectMany(up => Enumerable.Range(-7, 16).Select(left => (Left: left, Up: up)))
        .Where(pixel => pixel.Up > 0 || pixel.Left > 0)
        .OrderBy(pixel => pixel.Left * pixel.Left + pixel.Up * pixel.Up).ThenBy(pixel => Math.Abs(pixel.Left)).ThenByDescending(pixel => pixel.Left)];

    private readonly int _fileBytes;
    private WebPBits _bits;
    private bool _isPicture;

    private WebPLossless(ReadOnlySpan<byte> data, int fileBytes)
    {
        _bits = new WebPBits(data);
        _fileBytes = fileBytes;
    }

    /// <summary>Fails if the data do not hold all pixels, or ask for more groups of codes than they can have.</summary>
    /// <param name="data">The data behind the size of the picture.</param>
    /// <param name="width">The width of the picture.</param>
    /// <param name="height">The height of the picture.</param>
    /// <param name="fileBytes">The length of the file.</param>
    public static void Check(ReadOnlySpan<byte> data, int width, int height, int fileBytes) =>
        new WebPLossless(data, fileBytes).ReadPicture(width, height);

    private void ReadPicture(int width, int height)
    {
        int seen = 0;
        while (_bits.Read(1) == 1)
        {
            int transform = _bits.Read(2);
            if ((seen >> transform & 1) != 0)
                throw Damaged("a transform comes twice");
            seen |= 1 << transform;
            if (transform is Predictor or CrossColour)
            {
                int size = _bits.Read(3) + 2;
                ReadImage(BlocksOf(width, size), BlocksOf(height, size));
            }
            else if (transform != SubtractGreen)
            {
                // A palette. Several pixels of few colours are stored as one.
                int colours = _bits.Read(8) + 1;
                ReadImage(colours, 1);
                width = BlocksOf(width, colours > 16 ? 0 : colours > 4 ? 1 : colours > 2 ? 2 : 3);
            }
        }

        int cacheBits = ReadCacheBits();
        int blockBits = 0, groups = 1;
        uint[] blocks = [];
        if (_bits.Read(1) == 1)
        {
            blockBits = _bits.Read(3) + 2;
            blocks = new uint[BlocksOf(width, blockBits) * BlocksOf(height, blockBits)];
            ReadImage(BlocksOf(width, blockBits), BlocksOf(height, blockBits), blocks);
            groups = CountGroups(blocks);
        }

        var codes = new WebPPrefixCode[groups * CodesOfGroup];
        ReadCodes(codes, cacheBits);
        _isPicture = true;
        ReadPixels(width, height, codes, cacheBits, null, blocks, blockBits);
    }

    // Turns the blocks into numbers of groups.
    private readonly int CountGroups(Span<uint> blocks)
    {
        int groups = 0;
        foreach (ref uint block in blocks)
        {
            block = block >> 8 & 0xFFFF;
            groups = Math.Max(groups, (int)block + 1);
        }

        if (groups > Math.Min(Math.Min(MaximumGroups, blocks.Length), 8L * _fileBytes / LeastBitsOfGroup))
            throw Damaged($"{blocks.Length} blocks of pixels name {groups} groups of prefix codes in a file of {_fileBytes} bytes");
        return groups;
    }

    // An image within the data: of transforms, or of the groups of codes, whose values are kept.
    private void ReadImage(int width, int height, uint[]? values = null)
    {
        int cacheBits = ReadCacheBits();
        var codes = new WebPPrefixCode[CodesOfGroup];
        ReadCodes(codes, cacheBits);
        ReadPixels(width, height, codes, cacheBits, values, [], 0);
    }

    private int ReadCacheBits()
    {
        if (_bits.Read(1) == 0)
            return 0;
        int bits = _bits.Read(4);
        return bits is >= 1 and <= 11 ? bits : throw Damaged($"a cache of colours has {bits} bits");
    }

    private void ReadCodes(Span<WebPPrefixCode> codes, int cacheBits)
    {
        int green = Literals + Lengths + (cacheBits == 0 ? 0 : 1 << cacheBits);
        Span<byte> lengths = stackalloc byte[Literals + Lengths + (1 << 11)];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = ReadCode(lengths[..(i % CodesOfGroup == 0 ? green : i % CodesOfGroup == 4 ? Distances : Literals)]);
    }

    private WebPPrefixCode ReadCode(scoped Span<byte> lengths)
    {
        lengths.Clear();
        if (_bits.Read(1) == 1)
        {
            bool hasTwo = _bits.Read(1) == 1;
            int first = _bits.Read(_bits.Read(1) == 0 ? 1 : 8), second = hasTwo ? _bits.Read(8) : first;
            if (first < lengths.Length && second < lengths.Length)
                lengths[first] = lengths[second] = 1;
        }
        else
        {
            ReadLengths(lengths);
        }

        WebPPrefixCode? code = WebPPrefixCode.Create(lengths);
        return _bits.IsOverrun ? throw End() : code ?? throw Damaged("a prefix code makes no tree");
    }

    private void ReadLengths(scoped Span<byte> lengths)
    {
        ReadOnlySpan<byte> order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        Span<byte> lengthLengths = stackalloc byte[19];
        lengthLengths.Clear();
        int count = _bits.Read(4) + 4;
        for (int i = 0; i < count; i++)
            lengthLengths[order[i]] = (byte)_bits.Read(3);
        WebPPrefixCode? code = WebPPrefixCode.Create(lengthLengths);
        if (code is null)
            throw _bits.IsOverrun ? End() : Damaged("a prefix code makes no tree");
        int left = _bits.Read(1) == 1 ? 2 + _bits.Read(2 + 2 * _bits.Read(3)) : lengths.Length;
        byte last = 8;
        for (int symbol = 0; symbol < lengths.Length && left > 0; left--)
        {
            int length = code.Decode(ref _bits);
            if (length < 16)
            {
                lengths[symbol++] = (byte)length;
                if (length > 0)
                    last = (byte)length;
                continue;
            }

            int run = length == 16 ? 3 + _bits.Read(2) : length == 17 ? 3 + _bits.Read(3) : 11 + _bits.Read(7);
            if (run > lengths.Length - symbol)
                throw _bits.IsOverrun ? End() : Damaged("a prefix code has too many symbols");
            lengths.Slice(symbol, run).Fill(length == 16 ? last : (byte)0);
            symbol += run;
        }
    }

    // Without values only counts.
    private void ReadPixels(int width, int height, WebPPrefixCode[] codes, int cacheBits, uint[]? values, uint[] blocks, int blockBits)
    {
        uint[] cache = values is not null && cacheBits > 0 ? new uint[1 << cacheBits] : [];
        int pixels = width * height, blocksAcross = BlocksOf(width, blockBits);
        for (int pixel = 0, x = 0, y = 0; pixel < pixels;)
        {
            int group = blocks.Length == 0 ? 0 : (int)blocks[(y >> blockBits) * blocksAcross + (x >> blockBits)];
            ReadOnlySpan<WebPPrefixCode> of = codes.AsSpan(group * CodesOfGroup, CodesOfGroup);
            int symbol = of[0].Decode(ref _bits), length = 1;
            uint value = 0;
            int distance = 0;
            if (symbol < Literals)
            {
                value = (uint)(symbol << 8 | of[1].Decode(ref _bits) << 16 | of[2].Decode(ref _bits) | of[3].Decode(ref _bits) << 24);
            }
            else if (symbol < Literals + Lengths)
            {
                length = ReadNumber(symbol - Literals);
                distance = ReadNumber(of[4].Decode(ref _bits));
                distance = distance > Nearby.Length
                    ? distance - Nearby.Length
                    : Math.Max(1, Nearby[distance - 1].Left + Nearby[distance - 1].Up * width);
            }
            else if (values is not null)
            {
                value = cache[symbol - Literals - Lengths];
            }

            if (_bits.IsOverrun)
                throw End(y, height);
            if (length > pixels - pixel || distance > pixel)
                throw Damaged($"a copy in row {y} of {height} goes beyond the picture");
            for (int i = 0; values is not null && i < length; i++)
            {
                values[pixel + i] = distance > 0 ? values[pixel + i - distance] : value;
                if (cacheBits > 0)
                    cache[0x1E35A7BD * values[pixel + i] >> (32 - cacheBits)] = values[pixel + i];
            }

            pixel += length;
            x += length;
            if (x >= width)
                (y, x) = (y + x / width, x % width);
        }
    }

    // A symbol is a number up to 4, or how many bits follow.
    private int ReadNumber(int symbol)
    {
        if (symbol < 4)
            return symbol + 1;
        int bits = (symbol - 2) >> 1;
        return ((2 + (symbol & 1)) << bits) + _bits.Read(bits) + 1;
    }

    private static int BlocksOf(int size, int bits) => (size + (1 << bits) - 1) >> bits;

    private readonly ImageFormatException End(int row = 0, int rows = 0) =>
        new($"WebP: the compressed data end {(_isPicture ? $"in row {row} of {rows}" : "before the pixels")}: the file is truncated or damaged.");

    private static ImageFormatException Damaged(string what) => new($"WebP: {what}: the file is damaged.");
}
