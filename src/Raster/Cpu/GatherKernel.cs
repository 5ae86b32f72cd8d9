using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Adds the splats of each tile to its pixels, one tile for each item. A pixel's splats are added one after the other in
/// their own order, and a splat's weight depends on nothing but the splat and the pixel: tiles, batches, viewport and
/// threads leave no trace in the result.
/// </summary>
/// <typeparam name="TLanes">The processor's vectors.</typeparam>
internal unsafe struct GatherKernel<TLanes> : ICpuKernel
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>Bytes of scratch memory for a thread: the sums of a tile, row by row red, green, blue.</summary>
    public const int ScratchBytes = Viewport.TileHeight * 3 * PlaneStride * sizeof(float);

    public TileLists Lists;

    /// <summary>[viewport height, viewport width, Pitch], red, green and blue first.</summary>
    public float* Image;
    public int Pitch;
    public CpuScratch Scratch;

    // A row's last vector may reach past the tile.
    private const int PlaneStride = Viewport.TileWidth + 16;

    public void Execute(int item, int worker)
    {
        int start = Lists.StartOf(item);
        int end = Lists.EndOf(item);
        if (start == end)
            return;

        Viewport viewport = Lists.Viewport;
        int columns = viewport.TileColumns;
        int tileX = item % columns * Viewport.TileWidth;
        int tileY = (Lists.FirstTileRow + item / columns) * Viewport.TileHeight;
        int width = Math.Min(Viewport.TileWidth, viewport.Width - tileX);
        int height = Math.Min(Viewport.TileHeight, viewport.Height - tileY);
        float* image = Image + ((long)tileY * viewport.Width + tileX) * Pitch;
        float* sums = (float*)Scratch.Of(worker);

        for (int y = 0; y < height; y++)
        {
            float* row = sums + y * 3 * PlaneStride;
            float* pixel = image + (long)y * viewport.Width * Pitch;
            new Span<float>(row, 3 * PlaneStride).Clear();
            for (int x = 0; x < width; x++, pixel += Pitch)
            {
                row[x] = pixel[0];
                row[x + PlaneStride] = pixel[1];
                row[x + 2 * PlaneStride] = pixel[2];
            }
        }

        int left = viewport.Left + tileX;
        int top = viewport.Top + tileY;
        for (int pair = start; pair < end; pair++)
            Add(Lists.Splats[Lists.Pairs[pair]], sums, left, left + width, top, top + height);

        for (int y = 0; y < height; y++)
        {
            float* row = sums + y * 3 * PlaneStride;
            float* pixel = image + (long)y * viewport.Width * Pitch;
            for (int x = 0; x < width; x++, pixel += Pitch)
            {
                pixel[0] = row[x];
                pixel[1] = row[x + PlaneStride];
                pixel[2] = row[x + 2 * PlaneStride];
            }
        }
    }

    private static void Add(in Splat splat, float* sums, int left, int right, int top, int bottom)
    {
        TLanes normal = TLanes.Broadcast(splat.Normal);
        TLanes red = TLanes.Broadcast(splat.Red);
        TLanes green = TLanes.Broadcast(splat.Green);
        TLanes blue = TLanes.Broadcast(splat.Blue);
        TLanes indices = TLanes.Indices;
        double firstColumn = Math.Max(left, splat.Left);
        double lastColumn = Math.Min(right, splat.Right) - 1;
        double inverseNormal = splat.InverseNormal;
        double inverseSigmaY = splat.InverseSigmaY;
        int lastRow = Math.Min(bottom, splat.Bottom);
        for (int y = Math.Max(top, splat.Top); y < lastRow; y++)
        {
            double dy = y - splat.Y;
            double b = dy * inverseSigmaY;
            double remaining = Viewport.CutoffBits - b * b;
            if (remaining < 0)
                continue;

            // The pixels of this row where a^2 <= remaining.
            double half = Math.Sqrt(remaining) * inverseNormal;
            double centre = splat.X + splat.Slope * dy;
            int x = (int)Math.Max(firstColumn, Math.Ceiling(centre - half));
            int end = (int)Math.Min(lastColumn, Math.Floor(centre + half)) + 1;
            if (x >= end)
                continue;

            // The pixel nearest to the centre is taken off first. So the distance is rounded once, the same in any tile, and
            // is exact to its last bit where a ridge narrower than a pixel needs it.
            double nearest = Math.Round(centre);
            TLanes fraction = TLanes.Broadcast((float)(centre - nearest));
            TLanes rowBits = TLanes.Broadcast((float)(b * b));
            float* red0 = sums + (y - top) * 3 * PlaneStride + (x - left);
            for (; x < end; x += TLanes.Count, red0 += TLanes.Count)
            {
                TLanes a = (TLanes.Broadcast((float)(x - nearest)) + indices - fraction) * normal;
                TLanes weight = Lanes.PowerOfHalf(TLanes.MultiplyAdd(a, a, rowBits));
                weight = TLanes.KeepBelow(weight, indices, TLanes.Broadcast(end - x));
                TLanes.MultiplyAdd(weight, red, TLanes.Load(red0)).Store(red0);
                float* green0 = red0 + PlaneStride;
                TLanes.MultiplyAdd(weight, green, TLanes.Load(green0)).Store(green0);
                float* blue0 = green0 + PlaneStride;
                TLanes.MultiplyAdd(weight, blue, TLanes.Load(blue0)).Store(blue0);
            }
        }
    }
}
