using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Operations on each value alone, for places where no larger operation can do them on the way.</summary>
internal static class Elementwise
{
    /// <summary>y = a + b.</summary>
    /// <param name="a">[height, width, channels].</param>
    /// <param name="b">[height, width, channels].</param>
    /// <param name="y">[height, width, channels]; may be a or b. All three may be float16, if the device has it.</param>
    /// <exception cref="ArgumentException">The shapes or the devices differ.</exception>
    public static void Add(in Tensor a, in Tensor b, in Tensor y)
    {
        if (!a.HasShapeOf(y) || !b.HasShapeOf(y))
            throw new ArgumentException($"{a} and {b} cannot be added into {y}.");
        SameDevice.Require(y.Device, a, nameof(a));
        SameDevice.Require(y.Device, b, nameof(b));
        switch (y.Device)
        {
            case CpuDevice cpu:
                ElementwiseCpu.Add(cpu, a, b, y);
                break;
            case GpuDevice gpu when y.ElementType == ElementType.Float16:
                ElementwiseGpu.AddFloat16(gpu, a, b, y);
                break;
            case GpuDevice gpu:
                ElementwiseGpu.Add(gpu, a, b, y);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} cannot add tensors.");
        }
    }

    /// <summary>Repeats a table over an image: y[r, c] = table[r mod table height, c mod table width].</summary>
    /// <param name="table">[s, s, channels] of float32.</param>
    /// <param name="y">[height, width, channels]; may be float16, if the device has it and the channels are a multiple of 8.</param>
    /// <exception cref="ArgumentException">The channels or the devices differ.</exception>
    public static void Repeat(in Tensor table, in Tensor y)
    {
        if (table.Channels != y.Channels)
            throw new ArgumentException($"{table} cannot be repeated over {y}.");
        SameDevice.Require(y.Device, table, nameof(table));
        switch (y.Device)
        {
            case CpuDevice cpu:
                ElementwiseCpu.Repeat(cpu, table, y);
                break;
            case GpuDevice gpu when y.ElementType == ElementType.Float16:
                ElementwiseGpu.RepeatFloat16(gpu, table, y);
                break;
            case GpuDevice gpu:
                ElementwiseGpu.Repeat(gpu, table, y);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} cannot repeat tensors.");
        }
    }

    /// <summary>Rounds float32 to the nearest float16, ties to even; what is out of range becomes infinite.</summary>
    /// <param name="x">[height, width, channels] of float32, a multiple of 8.</param>
    /// <param name="y">[height, width, channels] of float16.</param>
    /// <exception cref="ArgumentException">The shapes or the devices differ, or the channels are no multiple of 8.</exception>
    /// <exception cref="NotSupportedException">The device has no float16.</exception>
    public static void Round(in Tensor x, in Tensor y)
    {
        y.Require(ElementType.Float16);
        if (!x.HasShapeOf(y))
            throw new ArgumentException($"{x} cannot be rounded into {y}.");
        Repeat(x, y);
    }
}
