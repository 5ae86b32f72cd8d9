using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="WindowAttention"/> of float16 on the tensor cores of a GPU.</summary>
internal static class Float16WindowAttentionGpu
{
    // Scores are kept in powers of two.
    private const double Log2E = 1.4426950408889634;

    // Of those with the same kind of positions, those for fewer channels and fewer keys come first.
    private static readonly Variant[] s_variants =
    [
        Variant.Of<Heads16Keys144>(Float16AttentionKernels.AttendFloat16.Heads16Keys144),
        Variant.Of<Heads32Keys144>(Float16AttentionKernels.AttendFloat16.Heads32Keys144),
        Variant.Of<Heads32Keys256>(Float16AttentionKernels.AttendFloat16.Heads32Keys256),
        Variant.Of<Heads32Keys576>(Float16AttentionKernels.AttendFloat16.Heads32Keys576),
        Variant.Of<Heads32Keys64Biased>(Float16AttentionKernels.AttendFloat16.Heads32Keys64Biased),
        Variant.Of<Heads32Keys144Biased>(Float16AttentionKernels.AttendFloat16.Heads32Keys144Biased),
    ];

    /// <summary>
    /// The channels that a head must have for a kernel: those that it has, filled up with zeros. Null if there is no such kernel.
    /// </summary>
    /// <param name="keyTokens">Keys of a window.</param>
    /// <param name="headSize">Channels of a head.</param>
    /// <param name="rotates">Whether positions enter by a rotary embedding; if not, by a bias.</param>
    public static int? HeadSizeFor(int keyTokens, int headSize, bool rotates) => Find(keyTokens, headSize, rotates)?.HeadSize;

    /// <summary>Whether there is a kernel for heads, filled up, and a device can run it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="keyTokens">Keys of a window.</param>
    /// <param name="headSize">Channels of a head.</param>
    /// <param name="rotates">Whether positions enter by a rotary embedding; if not, by a bias.</param>
    public static bool Supports(GpuDevice device, int keyTokens, int headSize, bool rotates) =>
        Find(keyTokens, headSize, rotates) is Variant variant && device.Supports(variant.Kernel);

    public static void Run(GpuDevice device, in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings)
    {
        int headSize = y.Channels / settings.Heads;
        bool rotates = settings.Rotary is not null;
        bool overlaps = settings.OverlappingKeyWindowSize != 0;
        Variant? variant = Find(settings.KeyTokens, headSize, rotates);
        if (variant?.HeadSize != headSize || (settings.Rotary ?? settings.Bias) is not Tensor positions || (rotates && (settings.Bias is not null || settings.MaskWrapped)))
            throw new NotSupportedException($"{device.Name} has no attention of float16 for {settings} with heads of {headSize} channels.");

        LayerKernels.RequireEights(query);
        LayerKernels.RequireEights(key);
        LayerKernels.RequireEights(value);
        LayerKernels.RequireEights(y);
        if (rotates)
            LayerKernels.RequireFours(positions);
        else if (positions.Offset % 2 != 0)
            throw new ArgumentException($"A bias of {positions} begins at value {positions.Offset}, but pairs are read.");
        int windowsAcross = y.Width / settings.WindowSize;
        int windows = y.Height / settings.WindowSize * windowsAcross;
        device.Launch(variant.Kernel, new WorkSize(checked(windows * settings.Heads)), new()
        {
            Query = query.ViewAs<short>(),
            QueryPitch = query.Pitch,
            Key = key.ViewAs<short>(),
            KeyPitch = key.Pitch,
            Value = value.ViewAs<short>(),
            ValuePitch = value.Pitch,
            Positions = positions.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Height = y.Height,
            Width = y.Width,
            WindowsAcross = windowsAcross,
            Windows = windows,
            Side = settings.WindowSize,
            SideReciprocal = ReciprocalOf(settings.WindowSize),
            KeySide = settings.KeyWindowSize,
            KeySideReciprocal = ReciprocalOf(settings.KeyWindowSize),
            QueryShift = settings.QueryShift,
            KeyStart = overlaps ? -(settings.KeyWindowSize - settings.WindowSize) / 2 : settings.KeyShift,
            Wraps = overlaps ? 0 : 1,
            MaskShift = settings.MaskWrapped ? settings.QueryShift : 0,
            Scale = (float)(Log2E / Math.Sqrt(headSize)),
        });
    }

    private static Variant? Find(int keyTokens, int headSize, bool rotates)
    {
        foreach (Variant variant in s_variants)
        {
            if (variant.Rotates == rotates && variant.HeadSize >= headSize && variant.MostKeys >= keyTokens)
                return variant;
        }

        return null;
    }

    // n / side is n * this >> 16 for whole numbers up to 576 and sides up to 24.
    private static int ReciprocalOf(int side) => 65536 / side + 1;

    /// <summary>One of the kernels.</summary>
    /// <param name="Kernel">The kernel.</param>
    /// <param name="HeadSize">Channels of a head.</param>
    /// <param name="MostKeys">The most keys of a window.</param>
    /// <param name="Rotates">Whether positions enter by a rotary embedding; if not, by a bias.</param>
    private sealed record Variant(Kernel<Float16AttentionKernels.AttendFloat16.Arguments> Kernel, int HeadSize, int MostKeys, bool Rotates)
    {
        /// <summary>The kernel with the sizes of its tile.</summary>
        public static Variant Of<TTile>(Kernel<Float16AttentionKernels.AttendFloat16.Arguments> kernel)
            where TTile : struct, IFloat16AttentionTile => new(kernel, TTile.HeadSize, TTile.MostKeys, TTile.Rotates);
    }
}
