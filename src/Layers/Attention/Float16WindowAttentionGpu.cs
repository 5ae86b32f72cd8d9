using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="WindowAttention"/> of float16 on the tensor cores of a GPU.</summary>
internal static class Float16WindowAttentionGpu
{
    // Scores are kept in powers of two.
    private const double Log2E = 1.4426950408889634;

    /// <summary>Whether there is a kernel for windows of so many tokens and heads of so many channels.</summary>
    /// <param name="tokens">Tokens of a window, of queries and keys alike.</param>
    /// <param name="headSize">Channels of a head.</param>
    public static bool Supports(int tokens, int headSize) => Choose(headSize) is not null && tokens <= Heads32Keys144.MostKeys;

    public static void Run(GpuDevice device, in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings)
    {
        int headSize = y.Channels / settings.Heads;
        if (!Supports(settings.QueryTokens, headSize) || Choose(headSize) is not { } kernel || settings.Rotary is not Tensor rotary
            || settings.Bias is not null || settings.MaskWrapped || settings.OverlappingKeyWindowSize != 0)
        {
            throw new NotSupportedException($"{device.Name} has no attention of float16 for {settings} with heads of {headSize} channels.");
        }

        LayerKernels.RequireEights(query);
        LayerKernels.RequireEights(key);
        LayerKernels.RequireEights(value);
        LayerKernels.RequireEights(y);
        LayerKernels.RequireFours(rotary);
        int windows = y.Height / settings.WindowSize * (y.Width / settings.WindowSize);
        device.Launch(kernel, new WorkSize(checked(windows * settings.Heads)), new()
        {
            Query = query.ViewAs<short>(),
            QueryPitch = query.Pitch,
            Key = key.ViewAs<short>(),
            KeyPitch = key.Pitch,
            Value = value.ViewAs<short>(),
            ValuePitch = value.Pitch,
            Rotary = rotary.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Height = y.Height,
            Width = y.Width,
            Heads = settings.Heads,
            Side = settings.WindowSize,
            QueryShift = settings.QueryShift,
            KeyShift = settings.KeyShift,
            Scale = (float)(Log2E / Math.Sqrt(headSize)),
        });
    }

    private static Kernel<Float16AttentionKernels.AttendFloat16.Arguments>? Choose(int headSize) => headSize switch
    {
        16 => Float16AttentionKernels.AttendFloat16.Heads16Keys144,
        32 => Float16AttentionKernels.AttendFloat16.Heads32Keys144,
        _ => null,
    };
}
