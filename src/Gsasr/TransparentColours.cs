namespace Gsasr;

/// <summary>
/// Fully transparent pixels have whatever colours an editor left there, often black. These would bleed into the edges of what is visible
/// when an image is resampled. So they are replaced by the colours of the nearest visible pixels.
/// </summary>
internal sealed class TransparentColours
{
    private bool[] _known = [];
    private bool[] _queued = [];
    private List<int> _front = [];
    private List<int> _next = [];

    /// <summary>Replaces the colours of pixels whose alpha is 0, spreading from their visible neighbours outward.</summary>
    /// <param name="colours">[height, width, 3], changed in place.</param>
    /// <param name="alpha">[height, width, 3], three equal channels.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public void Fill(Span<float> colours, ReadOnlySpan<float> alpha, int width, int height)
    {
        int pixels = width * height;
        if (_known.Length < pixels)
        {
            _known = new bool[pixels];
            _queued = new bool[pixels];
        }

        Span<bool> known = _known.AsSpan(0, pixels);
        Span<bool> queued = _queued.AsSpan(0, pixels);
        queued.Clear();
        _front.Clear();
        for (int pixel = 0; pixel < known.Length; pixel++)
            known[pixel] = alpha[pixel * 3] != 0;
        for (int pixel = 0; pixel < known.Length; pixel++)
        {
            if (!known[pixel] && HasKnownNeighbour(known, pixel, width, height))
                _front.Add(pixel);
        }

        while (_front.Count > 0)
        {
            // A ring takes its colours from the pixels known before it, and then counts as known.
            foreach (int pixel in _front)
                TakeMeanOfNeighbours(colours, known, pixel, width, height);
            foreach (int pixel in _front)
                known[pixel] = true;
            _next.Clear();
            foreach (int pixel in _front)
            {
                foreach (int neighbour in Neighbours(pixel, width, height))
                {
                    if (neighbour >= 0 && !known[neighbour] && !queued[neighbour])
                    {
                        queued[neighbour] = true;
                        _next.Add(neighbour);
                    }
                }
            }

            (_front, _next) = (_next, _front);
        }
    }

    private static void TakeMeanOfNeighbours(Span<float> colours, ReadOnlySpan<bool> known, int pixel, int width, int height)
    {
        float red = 0, green = 0, blue = 0;
        int count = 0;
        foreach (int neighbour in Neighbours(pixel, width, height))
        {
            if (neighbour < 0 || !known[neighbour])
                continue;
            red += colours[neighbour * 3];
            green += colours[neighbour * 3 + 1];
            blue += colours[neighbour * 3 + 2];
            count++;
        }

        colours[pixel * 3] = red / count;
        colours[pixel * 3 + 1] = green / count;
        colours[pixel * 3 + 2] = blue / count;
    }

    private static bool HasKnownNeighbour(ReadOnlySpan<bool> known, int pixel, int width, int height)
    {
        foreach (int neighbour in Neighbours(pixel, width, height))
        {
            if (neighbour >= 0 && known[neighbour])
                return true;
        }

        return false;
    }

    // The pixels above, below, left and right; -1 where there is none.
    private static FourPixels Neighbours(int pixel, int width, int height)
    {
        int row = pixel / width;
        int column = pixel - row * width;
        var neighbours = default(FourPixels);
        neighbours[0] = row > 0 ? pixel - width : -1;
        neighbours[1] = row < height - 1 ? pixel + width : -1;
        neighbours[2] = column > 0 ? pixel - 1 : -1;
        neighbours[3] = column < width - 1 ? pixel + 1 : -1;
        return neighbours;
    }

    [System.Runtime.CompilerServices.InlineArray(4)]
    private struct FourPixels
    {
        private int _first;
    }
}
