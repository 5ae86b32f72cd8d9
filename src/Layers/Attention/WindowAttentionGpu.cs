using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="WindowAttention"/> on GPUs (attention.cl).</summary>
internal static class WindowAttentionGpu
{
    // Scores are kept in powers of two.
    private const double Log2E = 1.4426950408889634;

    // Of those with the same head size, the best comes first where they waste the same.
    private static readonly Variant[] s_variants =
    [
        new(LayerKernels.Library["attention-16-144x16", "attend"], 16, 144, 16),
        new(LayerKernels.Library["attention-32-128x32", "attend"], 32, 128, 32),
        new(LayerKernels.Library["attention-32-144x16", "attend"], 32, 144, 16),
        new(LayerKernels.Library["attention-32-128x16", "attend"], 32, 128, 16),
        new(LayerKernels.Library["attention-128-16x16", "attend"], 128, 16, 16),
    ];

    public static void Run(GpuDevice device, in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings)
    {
        int headSize = y.Channels / settings.Heads;
        Variant variant = Choose(device, headSize, settings)
            ?? throw new NotSupportedException(
                $"{device.Name} has window attention for heads of up to {s_variants[^1].HeadSize} channels, not of {headSize}.");
        bool overlaps = settings.OverlappingKeyWindowSize != 0;
        int keyStart = overlaps ? -(settings.KeyWindowSize - settings.WindowSize) / 2 : settings.KeyShift;
        int aligned = LayerKernels.Aligned(query) & LayerKernels.Aligned(key) & LayerKernels.Aligned(value) & LayerKernels.Aligned(y)
            & (headSize % 4 == 0 ? 1 : 0) & (settings.Rotary is Tensor rotary ? LayerKernels.Aligned(rotary) : 1);

        KernelArguments launch = new KernelArguments().Add(query).Add(key).Add(value);
        launch.AddVector(settings.Bias, query);
        launch.Add(settings.Bias is null ? 0 : 1);
        launch.AddVector(settings.Rotary, query);
        launch
            .Add(settings.Rotary is null ? 0 : 1)
            .Add(y)
            .Add(y.Height)
            .Add(y.Width)
            .Add(settings.Heads)
            .Add(headSize)
            .Add(settings.WindowSize)
            .Add(settings.KeyWindowSize)
            .Add(settings.QueryShift)
            .Add(keyStart)
            .Add(overlaps ? 0 : 1)
            .Add(settings.MaskWrapped ? settings.QueryShift : 0)
            .Add((float)(Log2E / Math.Sqrt(headSize)))
            .Add(aligned);
        int blocks = LayerKernels.DivideUp(settings.QueryTokens, variant.QueryBlock);
        int windows = y.Height / settings.WindowSize * (y.Width / settings.WindowSize);
        device.Launch(device.GetKernel(variant.Kernel), new WorkSize(checked(windows * settings.Heads * blocks)), launch);
    }

    private static Variant? Choose(GpuDevice device, int headSize, WindowAttentionSettings settings)
    {
        Variant? best = null;
        foreach (Variant variant in s_variants)
        {
            if (variant.HeadSize < headSize || !device.Supports(variant.Kernel.Module) || (best is not null && best.HeadSize < variant.HeadSize))
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
    private sealed record Variant(KernelId Kernel, int HeadSize, int QueryBlock, int KeyBlock)
    {
        /// <summary>Pairs of a query and a key, those that only fill up blocks included.</summary>
        public long Pairs(WindowAttentionSettings settings) => FilledUp(settings.QueryTokens, QueryBlock) * FilledUp(settings.KeyTokens, KeyBlock);

        private static long FilledUp(int tokens, int block) => (long)LayerKernels.DivideUp(tokens, block) * block;
    }
}
