using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Adds the splats of each tile to its pixels, one tile for each item. A pixel's splats are added one after the other in
/// their own order, and a splat's weight depends on nothing but the splat and the pixel: tiles, batches, viewport and
/// threads leave no trace in the result.
/// </summary>
/// <typeparam name="TVector">The processor's vectors.</typeparam>
/// <typeparam name="TSimd">Their arithmetic.</typeparam>
internal unsafe struct GatherKernel<TVector, TSimd> : ICpuKernel
    where TVector : unmanaged
    where TSimd : ISimd<TVector>
{
    /// <summary>Bytes of scratch memory for a thread: the sums of a tile, row by row red, green, blue.</summary>
    public const int ScratchBytes = Viewport.TileHeight * 3 * PlaneStride * sizeof(float);

    public TileLists Lists;

    /// <summary>[viewport height, viewport width, Pitch], red, green and blue first.</summary>
    public float* Image;
    public int Pitch;
    public CpuScratch Scratch;

    private const int MaximumWidth = 16;

    // A row's last vector may reach past the tile.
    private const int PlaneStride = Viewport.TileWidth + MaximumWidth;

    private static ReadOnlySpan<float> Indices => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    private static ReadOnlySpan<float> OnesThenZeros =>
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

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
        TVector normal = TSimd.Broadcast(splat.Normal);
        TVector red = TSimd.Broadcast(splat.Red);
        TVector green = TSimd.Broadcast(splat.Green);
        TVector blue = TSimd.Broadcast(splat.Blue);
        float* ones = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(OnesThenZeros));
        TVector indices = TSimd.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Indices)));
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
            TVector fraction = TSimd.Broadcast((float)(centre - nearest));
            TVector rowBits = TSimd.Broadcast((float)(b * b));
            float* redSums = sums + (y - top) * 3 * PlaneStride + (x - left);
            for (; x < end; x += TSimd.Width, redSums += TSimd.Width)
            {
                TVector distance = TSimd.Subtract(TSimd.Add(TSimd.Broadcast((float)(x - nearest)), indices), fraction);
                TVector a = TSimd.Multiply(distance, normal);
                TVector weight = GaussianWeight.Of<TVector, TSimd>(TSimd.MultiplyAdd(a, a, rowBits));

                // The last vector's pixels past the span have no weight.
                weight = TSimd.Multiply(weight, TSimd.Load(ones + MaximumWidth - Math.Min(MaximumWidth, end - x)));
                AddTo(redSums, weight, red);
                AddTo(redSums + PlaneStride, weight, green);
                AddTo(redSums + 2 * PlaneStride, weight, blue);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, TVector weight, TVector colour) =>
        TSimd.Store(sums, TSimd.MultiplyAdd(weight, colour, TSimd.Load(sums)));
}
