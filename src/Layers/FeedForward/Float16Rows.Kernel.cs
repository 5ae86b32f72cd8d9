using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// Rows of pixels that a group of eight warps keeps in shared memory while it computes one layer after the other from them: up to 192
/// channels, as slices of Float16Product. A warp's 16 rows are those whose sums its warpgroup gives it.
/// </summary>
internal static class Float16Rows
{
    private const int TurnRowBytes = Float16RowsShape.TurnBytes / Float16RowsShape.Rows;

    /// <summary>Bytes of a slice.</summary>
    public static int SliceBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows * Float16Tiles.RowBytes;

    /// <summary>Bytes of a slice of the weights of a tile's columns.</summary>
    public static int WeightBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns * Float16Tiles.RowBytes;

    /// <summary>Bytes of all slices of the rows of a group.</summary>
    public static int RowsBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns / Float16Tiles.Depth * SliceBytes<TTile>();

    /// <summary>A value of a vector, zero after its end.</summary>
    /// <param name="values">The vector; if <paramref name="count"/> is 0, anything.</param>
    /// <param name="count">How long it is.</param>
    /// <param name="index">Which value.</param>
    public static float ValueOf(ArrayView<float> values, int count, int index)
    {
        float value = values[XMath.Min(index, XMath.Max(count - 1, 0))];
        return index < count ? value : 0f;
    }

    /// <summary>
    /// Waits for what all items of the group have stored into shared memory, and started to copy there one by one. It can then be multiplied.
    /// </summary>
    public static void AwaitRows()
    {
        TensorCores.WaitForCopies(0);
        Warpgroup.ShowSharedMemory();
        Group.Barrier();
    }

    /// <summary>Starts to copy the channels of pixels. What is beyond the last pixel or channel becomes zero.</summary>
    public static void Fetch<TTile>(ArrayView<short> x, int xPitch, int firstPixel, int pixels, int channels, int slices, int address, int item)
        where TTile : struct, IFloat16Tile
    {
        int chunk = item & 7;
        for (int slice = 0; slice < slices; slice++)
        {
            int channel = slice * Float16Tiles.Depth + chunk * 8;
            for (int n = 0; n < Float16Product.RowFetches<TTile>(); n++)
            {
                int row = item / 8 + n * (Float16Product.GroupSize<TTile>() / 8);
                int there = firstPixel + row < pixels & channel < channels ? 1 : 0;
                TensorCores.StartCopy(
                    address + slice * SliceBytes<TTile>() + Float16Product.Place(row, chunk),
                    ref x[there != 0 ? (firstPixel + row) * xPitch + channel : 0],
                    there * 16);
            }
        }
    }

    /// <summary>
    /// The mean and the deviation of each row, for a layer on normalised rows: they go into shared memory, from where <see cref="BeginMeasuredSums"/> and
    /// <see cref="Divide"/> of the same warp read them. Two items share a row, and each takes every other chunk of eight channels. Channels behind
    /// the last one have to be zero.
    /// </summary>
    /// <param name="shared">All shared memory.</param>
    /// <param name="start">Where the rows start in it, in bytes.</param>
    /// <param name="target">Where they are stored again if <paramref name="shifts"/> says so; the same place or another one.</param>
    /// <param name="floats">All shared memory.</param>
    /// <param name="shift">Where what is added to the rows first lies in it, a value for each of the tile's columns, zero behind the last channel.</param>
    /// <param name="shifts">Whether there is anything to add.</param>
    /// <param name="statistics">Where there are <see cref="Float16RowsShape.StatisticsOfRow"/> floats for each row.</param>
    /// <param name="slices">Slices of the rows.</param>
    /// <param name="countedChannels">Channels that do not only fill up eights.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="item">The item.</param>
    public static void Measure<TTile>(
        ArrayView<int> shared,
        int start,
        int target,
        ArrayView<float> floats,
        int shift,
        bool shifts,
        int statistics,
        int slices,
        int countedChannels,
        float epsilon,
        int item)
        where TTile : struct, IFloat16Tile
    {
        int lane = item & 31;
        int row = Gpu.Keep(item / 32 * 16 + (lane & 15));
        int odd = Gpu.Keep(lane >> 4);
        int added = Gpu.Keep(shift + odd * 8);

        // The values are read twice, because kept in registers they would leave no room for the sums.
        int pairs = Gpu.Keep(slices * (Float16Tiles.Depth / 16));
        float sum = 0f;
        for (int i = 0; i < pairs; i++)
        {
            int place = PlaceOf<TTile>(start, row, 2 * i + odd);
            Int4 values = Gpu.Load4(ref shared[place]);
            if (shifts)
            {
                values = Float16Values.Pack(
                    Float16Values.First(values) + Gpu.Load4(ref floats[added + i * 16]),
                    Float16Values.Second(values) + Gpu.Load4(ref floats[added + i * 16 + 4]));
                Gpu.Store4(ref shared[PlaceOf<TTile>(target, row, 2 * i + odd)], values);
            }

            sum += Sum(Float16Values.First(values)) + Sum(Float16Values.Second(values));
        }

        sum += TensorCores.Exchange(sum, 16);
        float mean = sum / countedChannels;
        sum = 0f;
        for (int i = 0; i < pairs; i++)
        {
            Int4 values = Gpu.Load4(ref shared[PlaceOf<TTile>(target, row, 2 * i + odd)]);
            Float4 low = Float16Values.First(values) - mean;
            Float4 high = Float16Values.Second(values) - mean;
            sum += Sum(low * low) + Sum(high * high);
        }

        // What only fills up the slices is as far from the mean as zero.
        sum += TensorCores.Exchange(sum, 16);
        sum -= (slices * Float16Tiles.Depth - countedChannels) * (mean * mean);
        float deviation = XMath.Sqrt(XMath.Max(sum, 0f) / countedChannels + epsilon);
        if (odd == 0)
            Gpu.Store4(ref floats[statistics + row * Float16RowsShape.StatisticsOfRow], new Float4(mean, deviation, 1f / deviation, 0f));
        Warp.Barrier();
    }

    /// <summary>Begins sums with the biases of their columns. Past the last channel the last ones are taken.</summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="bias">Biases.</param>
    /// <param name="first">The first column's.</param>
    /// <param name="end">The one after the last; all are multiples of 8.</param>
    /// <param name="item">The item.</param>
    public static void BeginSums<TTile>(Float4[] sums, ArrayView<float> bias, int first, int end, int item)
        where TTile : struct, IFloat16Tile
    {
        int two = Gpu.Keep((item & 3) * 2);
        for (int j = 0; j < TTile.Columns / 8; j++)
        {
            Float2 value = Gpu.Load2(ref bias[XMath.Min(first + j * 8, end - 8) + two]);
            sums[j] = new Float4(value.X, value.Y, value.X, value.Y);
        }
    }

    /// <summary>
    /// Begins sums of a layer on normalised rows: with bias * deviation - weights' sum * mean. When the products of the rows themselves have been added,
    /// <see cref="Divide"/> makes the layer's results of them.
    /// </summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="bias">Biases.</param>
    /// <param name="rowSums">The sum of each column's weights.</param>
    /// <param name="first">The first column's.</param>
    /// <param name="end">The one after the last; all are multiples of 8.</param>
    /// <param name="floats">All shared memory.</param>
    /// <param name="statistics">Where <see cref="Measure"/> put means and deviations.</param>
    /// <param name="item">The item.</param>
    public static void BeginMeasuredSums<TTile>(
        Float4[] sums, ArrayView<float> bias, ArrayView<float> rowSums, int first, int end, ArrayView<float> floats, int statistics, int item)
        where TTile : struct, IFloat16Tile
    {
        Float4 upper = Gpu.Load4(ref floats[PlaceOfStatistics(statistics, item)]);
        Float4 lower = Gpu.Load4(ref floats[PlaceOfStatistics(statistics, item) + 8 * Float16RowsShape.StatisticsOfRow]);
        int two = Gpu.Keep((item & 3) * 2);
        for (int j = 0; j < TTile.Columns / 8; j++)
        {
            int column = XMath.Min(first + j * 8, end - 8) + two;
            Float2 added = Gpu.Load2(ref bias[column]);
            Float2 weights = Gpu.Load2(ref rowSums[column]);
            sums[j] = new Float4(
                added.X * upper.Y - weights.X * upper.X,
                added.Y * upper.Y - weights.Y * upper.X,
                added.X * lower.Y - weights.X * lower.X,
                added.Y * lower.Y - weights.Y * lower.X);
        }
    }

    /// <summary>Divides sums by the deviations of their rows.</summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="floats">All shared memory.</param>
    /// <param name="statistics">Where <see cref="Measure"/> put the deviations.</param>
    /// <param name="item">The item.</param>
    public static void Divide<TTile>(Float4[] sums, ArrayView<float> floats, int statistics, int item)
        where TTile : struct, IFloat16Tile
    {
        float upper = floats[PlaceOfStatistics(statistics, item) + 2];
        float lower = floats[PlaceOfStatistics(statistics, item) + 8 * Float16RowsShape.StatisticsOfRow + 2];
        for (int j = 0; j < TTile.Columns / 8; j++)
            sums[j] = new Float4(sums[j].X * upper, sums[j].Y * upper, sums[j].Z * lower, sums[j].W * lower);
    }

    /// <summary>Stores ReLU(sums) as rows again, for the next product. Columns that are no channels become zero.</summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="shared">All shared memory.</param>
    /// <param name="start">Where the rows start in it, in bytes.</param>
    /// <param name="item">The item.</param>
    public static void Store<TTile>(Float4[] sums, int channels, ArrayView<int> shared, int start, int item)
        where TTile : struct, IFloat16Tile
    {
        int lane = item & 31;
        int row = Gpu.Keep(item / 32 * 16 + lane / 4);
        for (int j = 0; j < TTile.Columns / 8; j++)
        {
            Float4 value = Functions.Rectified(sums[j]);
            bool isChannel = j * 8 < channels;
            int place = PlaceOf<TTile>(start, row, j) + (lane & 3);
            shared[place] = isChannel ? TensorCores.PackFloat16(value.X, value.Y) : 0;
            shared[place + 8 * Float16Tiles.RowBytes / 4] = isChannel ? TensorCores.PackFloat16(value.Z, value.W) : 0;
        }
    }

    /// <summary>
    /// y = sums, rounded. A warp turns 32 columns at a time around in shared memory of its own, so that an item stores eight neighbouring
    /// channels of a pixel at once.
    /// </summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="y">The pixels.</param>
    /// <param name="yPitch">From pixel to pixel.</param>
    /// <param name="firstPixel">The group's first pixel.</param>
    /// <param name="pixels">All pixels.</param>
    /// <param name="firstChannel">The channel of the first column.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="shared">All shared memory.</param>
    /// <param name="start">Where there are <see cref="Float16RowsShape.TurnBytes"/> of it for this, in bytes.</param>
    /// <param name="item">The item.</param>
    public static void Write<TTile>(
        Float4[] sums, ArrayView<short> y, int yPitch, int firstPixel, int pixels, int firstChannel, int channels, ArrayView<int> shared, int start, int item)
        where TTile : struct, IFloat16Tile
    {
        int lane = item & 31;
        int firstRow = item / 32 * 16;
        int mine = Gpu.Keep((start + firstRow * TurnRowBytes) >> 2);
        int written = Gpu.Keep(mine + lane / 4 * (TurnRowBytes / 4) + (lane & 3));
        int read = Gpu.Keep(mine + lane / 4 * (TurnRowBytes / 4) + (((lane & 3) ^ ((lane >> 3) & 3)) << 2));
        int turn = Gpu.Keep((lane >> 3) & 3);
        int upper = Gpu.Keep(firstPixel + firstRow + lane / 4);
        for (int first = 0; first < TTile.Columns; first += 32)
        {
            for (int j = 0; j < 4; j++)
            {
                Float4 sum = sums[first / 8 + j];
                int place = written + ((j ^ turn) << 2);
                shared[place] = TensorCores.PackFloat16(sum.X, sum.Y);
                shared[place + 8 * TurnRowBytes / 4] = TensorCores.PackFloat16(sum.Z, sum.W);
            }

            Warp.Barrier();
            int channel = firstChannel + first + (lane & 3) * 8;
            if (upper < pixels & channel < channels)
                TensorCores.Store8(ref y[upper * yPitch + channel], Gpu.Load4(ref shared[read]));
            if (upper + 8 < pixels & channel < channels)
                TensorCores.Store8(ref y[(upper + 8) * yPitch + channel], Gpu.Load4(ref shared[read + 8 * TurnRowBytes / 4]));
            Warp.Barrier();
        }
    }

    /// <summary>
    /// y += sums. As <see cref="Write"/>, but in float32, which takes <see cref="Float16RowsShape.ResultBytes"/> of shared memory for 64 columns
    /// at a time.
    /// </summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="y">The pixels.</param>
    /// <param name="yPitch">From pixel to pixel.</param>
    /// <param name="firstPixel">The group's first pixel.</param>
    /// <param name="pixels">All pixels.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="results">All shared memory.</param>
    /// <param name="start">Where there is room in it for the results of all warps, in floats.</param>
    /// <param name="item">The item.</param>
    public static void AddTo<TTile>(
        Float4[] sums, ArrayView<short> y, int yPitch, int firstPixel, int pixels, int channels, ArrayView<float> results, int start, int item)
        where TTile : struct, IFloat16Tile
    {
        int lane = item & 31;
        int firstRow = item / 32 * 16;
        int mine = Gpu.Keep(start + firstRow * Float16RowsShape.ResultPitch);
        int written = Gpu.Keep(mine + lane / 4 * Float16RowsShape.ResultPitch + (lane & 3) * 2);
        int read = Gpu.Keep(mine + lane / 8 * Float16RowsShape.ResultPitch + (lane & 7) * 8);
        for (int first = 0; first < TTile.Columns; first += 64)
        {
            for (int j = 0; j < 8; j++)
            {
                Float4 sum = sums[first / 8 + j];
                Gpu.Store2(ref results[written + j * 8], new Float2(sum.X, sum.Y));
                Gpu.Store2(ref results[written + j * 8 + 8 * Float16RowsShape.ResultPitch], new Float2(sum.Z, sum.W));
            }

            Warp.Barrier();
            int channel = first + (lane & 7) * 8;
            if (channel < channels)
            {
                // All are read before anything is written, because reads are not moved before writes of the same pixels.
                var before = new Int4[4];
                for (int n = 0; n < 4; n++)
                    before[n] = TensorCores.Load8(ref y[XMath.Min(firstPixel + firstRow + n * 4 + lane / 8, pixels - 1) * yPitch + channel]);
                for (int n = 0; n < 4; n++)
                {
                    int pixel = firstPixel + firstRow + n * 4 + lane / 8;
                    if (pixel < pixels)
                    {
                        int place = read + n * 4 * Float16RowsShape.ResultPitch;
                        Float4 a = Gpu.Load4(ref results[place]) + Float16Values.First(before[n]);
                        Float4 b = Gpu.Load4(ref results[place + 4]) + Float16Values.Second(before[n]);
                        TensorCores.Store8(ref y[pixel * yPitch + channel], Float16Values.Pack(a, b));
                    }
                }
            }

            Warp.Barrier();
        }
    }

    // Where a chunk of eight channels of a row lies in shared memory, in whole numbers of 32 bits.
    public static int PlaceOf<TTile>(int start, int row, int chunk)
        where TTile : struct, IFloat16Tile => (start + (chunk >> 3) * SliceBytes<TTile>() + Float16Product.Place(row, chunk & 7)) >> 2;

    // The statistics of the first of the two rows whose sums an item has.
    private static int PlaceOfStatistics(int statistics, int item) =>
        statistics + (item / 32 * 16 + (item & 31) / 4) * Float16RowsShape.StatisticsOfRow;

    private static float Sum(Float4 values) => (values.X + values.Y) + (values.Z + values.W);
}
