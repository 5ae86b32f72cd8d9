using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>What several launches of GPU kernels need.</summary>
internal static class LayerKernels
{
    /// <summary>Whether every pixel's channels are whole float4s on boundaries of 16 bytes.</summary>
    /// <param name="tensor">The tensor.</param>
    public static bool IsAligned(in Tensor tensor) => tensor.Offset % 4 == 0 && (tensor.Pitch | tensor.Channels) % 4 == 0;

    /// <summary>Throws unless every pixel's channels are float16, a multiple of 8, on boundaries of 16 bytes.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <exception cref="ArgumentException">They are not.</exception>
    public static void RequireEights(in Tensor tensor)
    {
        tensor.Require(ElementType.Float16);
        if (tensor.Offset % 8 != 0 || (tensor.Pitch | tensor.Channels) % 8 != 0)
        {
            throw new ArgumentException(
                $"A float16 tensor of {tensor} with {tensor.Pitch} values from pixel to pixel, from value {tensor.Offset} on, does not have its channels by eights.");
        }
    }

    /// <summary>Throws unless every pixel's channels are whole float4s on boundaries of 16 bytes.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <exception cref="ArgumentException">They are not.</exception>
    public static void RequireFours(in Tensor tensor)
    {
        tensor.Require(ElementType.Float32);
        if (!IsAligned(tensor))
            throw new ArgumentException($"A tensor of {tensor} does not have its channels by fours on boundaries of 16 bytes.");
    }

    /// <summary>a / b, rounded up.</summary>
    /// <param name="a">Not negative.</param>
    /// <param name="b">At least 1.</param>
    public static int DivideUp(int a, int b) => (int)(((long)a + b - 1) / b);

    /// <summary>The widest of Hopper's tiles, of 192, 128 or 64 columns, of those that compute the fewest columns only to leave them out.</summary>
    /// <param name="channels">Columns of the product.</param>
    public static int WarpgroupColumns(int channels)
    {
        int best = Warpgroups128x192.ColumnCount;
        foreach (int columns in (ReadOnlySpan<int>)[Warpgroups128x128.ColumnCount, Warpgroups128x64.ColumnCount])
        {
            if (DivideUp(channels, columns) * columns < DivideUp(channels, best) * best)
                best = columns;
        }

        return best;
    }

    /// <summary>Puts packed weights on a device.</summary>
    /// <typeparam name="T">Half or float.</typeparam>
    /// <param name="device">The device.</param>
    /// <param name="packed">The weights.</param>
    public static unsafe DeviceBuffer Upload<T>(GpuDevice device, T[] packed)
        where T : unmanaged
    {
        DeviceBuffer buffer = device.Allocate((long)packed.Length * sizeof(T));
        try
        {
            buffer.Upload<T>(packed, 0);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
