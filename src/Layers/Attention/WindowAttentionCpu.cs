using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// <see cref="WindowAttention"/> on the processor: one item per window and head. Keys and values are gathered once into
/// packed matrices, then a few queries at a time go through scores, softmax and sum without leaving the cache.
/// </summary>
internal static unsafe class WindowAttentionCpu
{
    private const int QueriesAtOnce = 4 * ProductCpu.TileRows;
    private const float MaskedScore = -100;

    /// <summary>Bytes of scratch memory that a thread takes.</summary>
    /// <param name="keyTokens">Keys that a query attends to.</param>
    /// <param name="headSize">Channels of a head.</param>
    public static long ThreadBytes(int keyTokens, int headSize) => sizeof(float) * (
        ProductCpu.PackedLength(keyTokens, headSize) + ProductCpu.PackedLength(headSize, keyTokens)
        + QueriesAtOnce * (ProductCpu.PackedLength(headSize, 1) + ProductCpu.PackedLength(keyTokens, 1)));

    public static void Run(CpuDevice device, in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings) =>
        SimdDispatch.Run(new Operation(device, query, key, value, y, settings));

    private readonly record struct Operation(
        CpuDevice Device, Tensor Query, Tensor Key, Tensor Value, Tensor Y, WindowAttentionSettings Settings) : ISimdOperation
    {
        public void Run<TVector, TSimd>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector>
        {
            int headSize = Y.Channels / Settings.Heads;
            int keyTokens = Settings.KeyTokens;
            long packedKeys = ProductCpu.PackedLength(keyTokens, headSize);
            long packedValues = ProductCpu.PackedLength(headSize, keyTokens);
            var kernel = new Kernel<TVector, TSimd>
            {
                Query = CpuPointer.Of(Query),
                QueryPitch = Query.Pitch,
                Key = CpuPointer.Of(Key),
                KeyPitch = Key.Pitch,
                Value = CpuPointer.Of(Value),
                ValuePitch = Value.Pitch,
                Y = CpuPointer.Of(Y),
                YPitch = Y.Pitch,
                Height = Y.Height,
                Width = Y.Width,
                Window = Settings.WindowSize,
                KeyWindow = Settings.KeyWindowSize,
                QueryShift = Settings.QueryShift,
                KeyShift = Settings.KeyShift,
                Overlapping = Settings.OverlappingKeyWindowSize != 0,
                Masked = Settings.MaskWrapped && Settings.QueryShift > 0,
                Heads = Settings.Heads,
                HeadSize = headSize,
                Bias = Settings.Bias is Tensor bias ? CpuPointer.Of(bias) : null,
                Rotary = Settings.Rotary is Tensor rotary ? CpuPointer.Of(rotary) : null,
                PackedKeys = packedKeys,
                PackedValues = packedValues,
                // Rounded up, because whole panels are written.
                ScorePitch = (int)ProductCpu.PackedLength(keyTokens, 1),
                ResultPitch = (int)ProductCpu.PackedLength(headSize, 1),
            };
            Device.Run(kernel, Y.Height / kernel.Window * (Y.Width / kernel.Window) * kernel.Heads, ThreadBytes(keyTokens, headSize));
        }
    }

    private struct Kernel<TVector, TSimd> : ICpuKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        public float* Query;
        public int QueryPitch;
        public float* Key;
        public int KeyPitch;
        public float* Value;
        public int ValuePitch;
        public float* Y;
        public int YPitch;
        public int Height;
        public int Width;
        public int Window;
        public int KeyWindow;
        public int QueryShift;
        public int KeyShift;
        public bool Overlapping;
        public bool Masked;
        public int Heads;
        public int HeadSize;
        public float* Bias;
        public float* Rotary;
        public long PackedKeys;
        public long PackedValues;
        public int ScorePitch;
        public int ResultPitch;

        public readonly void Execute(int item, byte* scratch)
        {
            int head = item % Heads;
            int window = item / Heads;
            int windowRow = window / (Width / Window) * Window;
            int windowColumn = window % (Width / Window) * Window;
            float* keys = (float*)scratch;
            float* values = keys + PackedKeys;
            float* queries = values + PackedValues;
            float* scores = queries + QueriesAtOnce * ResultPitch;
            PackKeysAndValues(windowRow, windowColumn, head, keys, values);

            int queryTokens = Window * Window;
            int keyTokens = KeyWindow * KeyWindow;
            for (int first = 0; first < queryTokens; first += QueriesAtOnce)
            {
                int count = Math.Min(QueriesAtOnce, queryTokens - first);
                for (int i = 0; i < count; i++)
                    GatherQuery(windowRow, windowColumn, head, first + i, queries + i * HeadSize);
                // Whole tiles are computed; the extra rows of the last one are not used.
                new Span<float>(queries + count * HeadSize, (QueriesAtOnce - count) * HeadSize).Clear();

                Multiply(queries, HeadSize, count, HeadSize, keys, keyTokens, scores, ScorePitch);
                for (int i = 0; i < count; i++)
                    Softmax(scores + i * ScorePitch, windowRow, windowColumn, head, first + i);
                new Span<float>(scores + count * ScorePitch, (QueriesAtOnce - count) * ScorePitch).Clear();

                // The queries are not needed any more, so the result takes their memory.
                Multiply(scores, ScorePitch, count, keyTokens, values, HeadSize, queries, ResultPitch);
                for (int i = 0; i < count; i++)
                {
                    long pixel = PixelOf(windowRow, windowColumn, first + i, Window, QueryShift);
                    new ReadOnlySpan<float>(queries + i * ResultPitch, HeadSize)
                        .CopyTo(new Span<float>(Y + pixel * YPitch + head * HeadSize, HeadSize));
                }
            }
        }

        // c [rows, columns] = a [rows, depth] * packed b [depth, columns], in whole tiles and panels.
        private static void Multiply(float* a, int aPitch, int rows, int depth, float* b, int columns, float* c, int cPitch)
        {
            var left = new ProductRows { First = a, Stride = aPitch, RunLength = depth, Runs = 1 };
            int panelColumns = 2 * TSimd.Width;
            for (int column = 0; column < columns; column += panelColumns)
            {
                for (int row = 0; row < rows; row += ProductCpu.TileRows)
                {
                    var target = new TileTarget { Output = c + row * cPitch + column, Pitch = cPitch };
                    ProductTile.Multiply<TVector, TSimd>(left, row, b, columns - column, target);
                }

                b += (long)depth * panelColumns;
            }
        }

        private readonly long PixelOf(int windowRow, int windowColumn, int token, int window, int shift)
        {
            int row = windowRow + token / window + shift;
            int column = windowColumn + token % window + shift;
            if (row >= Height)
                row -= Height;
            if (column >= Width)
                column -= Width;
            return (long)row * Width + column;
        }

        // The pixels of a window lie in rows far apart in memory, which processors do not prefetch. (Rows that wrap around are not worth
        // more code.)
        private readonly void PrefetchBelow(float* values, int pitch)
        {
            float* below = values + (long)Width * pitch;
            CpuPointer.Prefetch(below);
            CpuPointer.Prefetch(below + HeadSize - 1);
        }

        private readonly void GatherQuery(int windowRow, int windowColumn, int head, int token, float* target)
        {
            float* source = Query + PixelOf(windowRow, windowColumn, token, Window, QueryShift) * QueryPitch + head * HeadSize;
            PrefetchBelow(source, QueryPitch);
            float scale = 1 / MathF.Sqrt(HeadSize);
            if (Rotary is null)
            {
                for (int d = 0; d < HeadSize; d++)
                    target[d] = source[d] * scale;
                return;
            }

            float* angles = Rotary + ((long)head * KeyWindow * KeyWindow + token) * HeadSize;
            for (int d = 0; d < HeadSize; d += 2)
            {
                target[d] = (source[d] * angles[d] - source[d + 1] * angles[d + 1]) * scale;
                target[d + 1] = (source[d] * angles[d + 1] + source[d + 1] * angles[d]) * scale;
            }
        }

        private readonly void PackKeysAndValues(int windowRow, int windowColumn, int head, float* keys, float* values)
        {
            int tokens = KeyWindow * KeyWindow;
            int panelColumns = 2 * TSimd.Width;
            int border = (KeyWindow - Window) / 2;
            new Span<float>(keys, (int)(PackedKeys + PackedValues)).Clear();
            for (int token = 0; token < tokens; token++)
            {
                long pixel;
                if (Overlapping)
                {
                    int row = windowRow + token / KeyWindow - border;
                    int column = windowColumn + token % KeyWindow - border;
                    if (row < 0 || row >= Height || column < 0 || column >= Width)
                        continue;
                    pixel = (long)row * Width + column;
                }
                else
                {
                    pixel = PixelOf(windowRow, windowColumn, token, Window, KeyShift);
                }

                // Keys: panels of tokens, a token's values a panel's width apart.
                float* key = Key + pixel * KeyPitch + head * HeadSize;
                PrefetchBelow(key, KeyPitch);
                float* packedKey = keys + (long)(token / panelColumns) * panelColumns * HeadSize + token % panelColumns;
                if (Rotary is null)
                {
                    for (int d = 0; d < HeadSize; d++)
                        packedKey[d * panelColumns] = key[d];
                }
                else
                {
                    float* angles = Rotary + ((long)head * tokens + token) * HeadSize;
                    for (int d = 0; d < HeadSize; d += 2)
                    {
                        packedKey[d * panelColumns] = key[d] * angles[d] - key[d + 1] * angles[d + 1];
                        packedKey[(d + 1) * panelColumns] = key[d] * angles[d + 1] + key[d + 1] * angles[d];
                    }
                }

                // Values: panels of channels, each token's neighbouring channels together.
                float* value = Value + pixel * ValuePitch + head * HeadSize;
                PrefetchBelow(value, ValuePitch);
                for (int first = 0; first < HeadSize; first += panelColumns)
                {
                    int count = Math.Min(panelColumns, HeadSize - first);
                    new ReadOnlySpan<float>(value + first, count)
                        .CopyTo(new Span<float>(values + (long)first * tokens + (long)token * panelColumns, count));
                }
            }
        }

        private readonly void Softmax(float* scores, int windowRow, int windowColumn, int head, int token)
        {
            int tokens = KeyWindow * KeyWindow;
            if (Bias is not null)
            {
                float* bias = Bias + ((long)head * Window * Window + token) * tokens;
                int t = 0;
                for (; t <= tokens - TSimd.Width; t += TSimd.Width)
                    TSimd.Store(scores + t, TSimd.Add(TSimd.Load(scores + t), TSimd.Load(bias + t)));
                for (; t < tokens; t++)
                    scores[t] += bias[t];
            }

            // Only windows at the end of a row or column hold pixels that wrapped around.
            if (Masked && (windowRow == Height - Window || windowColumn == Width - Window))
            {
                int region = RegionOf(windowRow + token / Window, windowColumn + token % Window);
                for (int t = 0; t < tokens; t++)
                {
                    if (RegionOf(windowRow + t / Window, windowColumn + t % Window) != region)
                        scores[t] += MaskedScore;
                }
            }

            // Padded to whole vectors with scores that vanish.
            for (int t = tokens; t % TSimd.Width != 0; t++)
                scores[t] = float.NegativeInfinity;
            TVector largest = TSimd.Load(scores);
            for (int t = TSimd.Width; t < tokens; t += TSimd.Width)
                largest = TSimd.Max(TSimd.Load(scores + t), largest);
            TVector top = TSimd.Broadcast(TSimd.Largest(largest));
            TVector sums = default;
            for (int t = 0; t < tokens; t += TSimd.Width)
            {
                TVector e = VectorMath.Exp<TVector, TSimd>(TSimd.Subtract(TSimd.Load(scores + t), top));
                sums = TSimd.Add(sums, e);
                TSimd.Store(scores + t, e);
            }

            TVector factor = TSimd.Broadcast(1 / TSimd.Sum(sums));
            for (int t = 0; t < tokens; t += TSimd.Width)
                TSimd.Store(scores + t, TSimd.Multiply(TSimd.Load(scores + t), factor));
        }

        private readonly int RegionOf(int row, int column)
        {
            int vertical = row < Height - Window ? 0 : row < Height - QueryShift ? 1 : 2;
            int horizontal = column < Width - Window ? 0 : column < Width - QueryShift ? 1 : 2;
            return 3 * vertical + horizontal;
        }
    }
}
