using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="WindowAttention"/> on GPUs.</summary>
internal static class WindowAttentionGpu
{
    // Scores are kept in powers of two.
    private const double Log2E = 1.4426950408889634;

    // Of kernels with the same head size the faster comes first; it is taken if both waste the same.
    private static readonly Variant[] s_variants =
    [
        Variant.Of<Heads16Block144x16>(AttentionKernels.Attend.Heads16Block144x16),
        Variant.Of<Heads32Block128x32>(AttentionKernels.Attend.Heads32Block128x32),
        Variant.Of<Heads32Block144x16>(AttentionKernels.Attend.Heads32Block144x16),
        Variant.Of<Heads32Block128x16>(AttentionKernels.Attend.Heads32Block128x16),
        Variant.Of<Heads128Block16x16>(AttentionKernels.Attend.Heads128Block16x16),
    ];

    public static void Run(GpuDevice device, in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings)
    {
        int headSize = y.Channels / settings.Heads;
        Variant variant = Choose(device, headSize, settings)
            ?? throw new NotSupportedException(
                $"{device.Name} has window attention for heads of up to {s_variants[^1].HeadSize} channels, not of {headSize}.");
        bool overlaps = settings.OverlappingKeyWindowSize != 0;
        int keyStart = overlaps ? -(settings.KeyWindowSize - settings.WindowSize) / 2 : settings.KeyShift;
        bool aligned = LayerKernels.IsAligned(query) && LayerKernels.IsAligned(key) && LayerKernels.IsAligned(value) && LayerKernels.IsAligned(y)
            && headSize % 4 == 0 && (settings.Rotary is not Tensor rotary || LayerKernels.IsAligned(rotary));

        int blocks = LayerKernels.DivideUp(settings.QueryTokens, variant.QueryBlock);
        int windows = y.Height / settings.WindowSize * (y.Width / settings.WindowSize);
        device.Launch(variant.Kernel, new WorkSize(checked(windows * settings.Heads * blocks)), new()
        {
            Query = query.View,
            QueryPitch = query.Pitch,
            Key = key.View,
            KeyPitch = key.Pitch,
            Value = value.View,
            ValuePitch = value.Pitch,
            Bias = (settings.Bias ?? query).View,
            HasBias = settings.Bias is null ? 0 : 1,
            Rotary = (settings.Rotary ?? query).View,
            HasRotary = settings.Rotary is null ? 0 : 1,
            Y = y.View,
            YPitch = y.Pitch,
            Height = y.Height,
            Width = y.Width,
            Heads = settings.Heads,
            HeadSize = headSize,
            Side = settings.WindowSize,
            KeySide = settings.KeyWindowSize,
            QueryShift = settings.QueryShift,
            KeyStart = keyStart,
            Wraps = overlaps ? 0 : 1,
            MaskShift = settings.MaskWrapped ? settings.QueryShift : 0,
            Scale = (float)(Log2E / Math.Sqrt(headSize)),
            Aligned = aligned ? 1 : 0,
        });
    }

    private static Variant? Choose(GpuDevice device, int headSize, WindowAttentionSettings settings)
    {
        Variant? best = null;
        foreach (Variant variant in s_variants)
        {
            if (variant.HeadSize < headSize || !device.Supports(variant.Kernel) || (best is not null && best.HeadSize < variant.HeadSize))
                continue;
            if (best is null || variant.Pairs(settings) < best.Pairs(settings))
                best = variant;
        }

        return best;
    }

    /// <summary>One of the kernels.</summary>
    /// <param name="Kernel">The kernel.</param>
    /// <param name="HeadSize">The most channels of a head.</param>
    /// <param name="QueryBlock">Queries that a group takes.</param>
    /// <param name="KeyBlock">Keys that are taken at once.</param>
    private sealed record Variant(Kernel<AttentionKernels.Attend.Arguments> Kernel, int HeadSize, int QueryBlock, int KeyBlock)
    {
        /// <summary>The kernel with the sizes of its tile.</summary>
        public static Variant Of<TTile>(Kernel<AttentionKernels.Attend.Arguments> kernel)
            where TTile : struct, IAttentionTile =>
            new(kernel, TTile.HeadSize, TTile.GroupSize / TTile.KeyLanes * TTile.Queries, TTile.KeyLanes * TTile.Keys);

        /// <summary>Pairs of a query and a key, including those that only pad blocks.</summary>
        public long Pairs(WindowAttentionSettings settings) => RoundUp(settings.QueryTokens, QueryBlock) * RoundUp(settings.KeyTokens, KeyBlock);

        private static long RoundUp(int tokens, int block) => (long)LayerKernels.DivideUp(tokens, block) * block;
    }
}
