using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Adds the splats of each tile to its pixels; an item is a tile. A pixel's splats are added one after the other in their own order, and a
/// splat's weight depends on the splat and the pixel alone. So the result does not depend on tiles, batches, viewport or threads.
/// </summary>
/// <typeparam name="TVector">The processor's vectors.</typeparam>
/// <typeparam name="TSimd">Their arithmetic.</typeparam>
/// <typeparam name="TColours">How many colours there are.</typeparam>
internal unsafe struct GatherKernel<TVector, TSimd, TColours> : ICpuKernel
    where TVector : unmanaged
    where TSimd : ISimd<TVector>
    where TColours : IColourCount
{
    /// <summary>Bytes of scratch memory for a thread: the sums of a tile, row by row one colour after the other.</summary>
    public static int ScratchBytes => Viewport.TileHeight * TColours.Value * PlaneStride * sizeof(float);

    public TileLists Lists;

    /// <summary>[viewport height, viewport width, Pitch], the colours first.</summary>
    public float* Image;
    public int Pitch;

    // A row's last vector may reach past the tile.
    private const int PlaneStride = Viewport.TileWidth + RowSpan.MaximumVector;

    public void Execute(int item, byte* scratch)
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
        float* sums = (float*)scratch;

        for (int y = 0; y < height; y++)
        {
            float* row = sums + y * TColours.Value * PlaneStride;
            float* pixel = image + (long)y * viewport.Width * Pitch;
            new Span<float>(row, TColours.Value * PlaneStride).Clear();
            for (int x = 0; x < width; x++, pixel += Pitch)
            {
                for (int k = 0; k < TColours.Value; k++)
                    row[x + k * PlaneStride] = pixel[k];
            }
        }

        int left = viewport.Left + tileX;
        int top = viewport.Top + tileY;
        for (int pair = start; pair < end; pair++)
            Add(Lists.Splats[Lists.Pairs[pair]], sums, left, left + width, top, top + height);

        for (int y = 0; y < height; y++)
        {
            float* row = sums + y * TColours.Value * PlaneStride;
            float* pixel = image + (long)y * viewport.Width * Pitch;
            for (int x = 0; x < width; x++, pixel += Pitch)
            {
                for (int k = 0; k < TColours.Value; k++)
                    pixel[k] = row[x + k * PlaneStride];
            }
        }
    }

    private static void Add(in Splat splat, float* sums, int left, int right, int top, int bottom)
    {
        TVector normal = TSimd.Broadcast(splat.Normal);
        TVector first = TSimd.Broadcast(splat.Colours[0]);
        TVector second = TSimd.Broadcast(splat.Colours[1]);
        TVector third = TSimd.Broadcast(splat.Colours[2]);
        TVector fourth = TSimd.Broadcast(splat.Colours[3]);
        TVector indices = RowSpan.Indices<TVector, TSimd>();
        var row = new RowSpan(splat, Math.Max(left, splat.Left), Math.Min(right, splat.Right));
        int lastRow = Math.Min(bottom, splat.Bottom);
        for (int y = Math.Max(top, splat.Top); y < lastRow; y++)
        {
            if (!row.MoveTo(y))
                continue;
            TVector fraction = TSimd.Broadcast(row.Fraction);
            TVector rowBits = TSimd.Broadcast(row.Bits);
            float* rowSums = sums + (y - top) * TColours.Value * PlaneStride + (row.Start - left);
            for (int x = row.Start; x < row.End; x += TSimd.Width, rowSums += TSimd.Width)
            {
                TVector distance = TSimd.Subtract(TSimd.Add(TSimd.Broadcast((float)(x - row.Nearest)), indices), fraction);
                TVector a = TSimd.Multiply(distance, normal);
                TVector weight = GaussianWeight.Of<TVector, TSimd>(TSimd.MultiplyAdd(a, a, rowBits));
                weight = TSimd.Multiply(weight, RowSpan.Inside<TVector, TSimd>(row.End - x));
                AddTo(rowSums, weight, first);
                if (TColours.Value > 1)
                    AddTo(rowSums + PlaneStride, weight, second);
                if (TColours.Value > 2)
                    AddTo(rowSums + 2 * PlaneStride, weight, third);
                if (TColours.Value > 3)
                    AddTo(rowSums + 3 * PlaneStride, weight, fourth);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, TVector weight, TVector colour) =>
        TSimd.Store(sums, TSimd.MultiplyAdd(weight, colour, TSimd.Load(sums)));
}
