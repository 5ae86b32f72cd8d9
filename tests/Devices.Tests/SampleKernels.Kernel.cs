using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Devices.Tests;

/// <summary>
/// Small kernels that use what the real ones use: tensors, constants, helpers, shared memory, barriers and specialisations.
/// </summary>
internal static class SampleKernels
{
    private const int GroupSize = SampleShape.GroupSize;
    private const float Scale = 3f;

    /// <summary>z[i] = 3 * factor * x[i] + y[i]; vectors of one channel.</summary>
    [Kernel(GroupSize)]
    public static void AddScaled(
        ArrayView<float> x, int xPitch, ArrayView<float> y, int yPitch, ArrayView<float> z, int zPitch, int count, float factor)
    {
        int i = Grid.IdxX * GroupSize + Group.IdxX;
        if (i < count)
            z[i * zPitch] = MultiplyAdd(Scale * factor, x[i * xPitch], y[i * yPitch]);
    }

    /// <summary>sums[g] = the sum of the g-th values as many as a group, in a fixed order.</summary>
    [Kernel(GroupSize)]
    public static void SumGroups(ArrayView<int> values, int count, ArrayView<int> sums)
    {
        ArrayView<int> partial = SharedMemory.Allocate<int>(GroupSize);
        int lane = Group.IdxX;
        int i = Grid.IdxX * GroupSize + lane;
        partial[lane] = i < count ? values[i] : 0;
        Group.Barrier();
        for (int step = GroupSize / 2; step > 0; step /= 2)
        {
            if (lane < step)
                partial[lane] += partial[lane + step];
            Group.Barrier();
        }

        if (lane == 0)
            sums[Grid.IdxX] = partial[0];
    }

    /// <summary>positions[linear index of the work-item] = its index in its group, plus 1000 times its group's.</summary>
    [Kernel(GroupSize)]
    public static void WritePosition(ArrayView<int> positions)
    {
        int group = (Grid.IdxZ * Grid.DimY + Grid.IdxY) * Grid.DimX + Grid.IdxX;
        positions[group * GroupSize + Group.IdxX] = Group.IdxX + 1000 * group;
    }

    /// <summary>values[i] = the specialisation's factor times i.</summary>
    [Kernel(GroupSize, Specialization = typeof(Two))]
    [Kernel(GroupSize, Specialization = typeof(Seven))]
    public static void Multiply<T>(ArrayView<int> values, int count)
        where T : struct, IFactor
    {
        int i = Grid.IdxX * GroupSize + Group.IdxX;
        if (i < count)
            values[i] = T.Factor * i;
    }

    /// <summary>
    /// What atomics leave: of each, in shared memory and then in global memory, the sum, the least, the greatest and the union of
    /// bits of all items' values.
    /// </summary>
    [Kernel(GroupSize)]
    public static void Atomics(ArrayView<int> values, ArrayView<int> shared, ArrayView<int> global)
    {
        ArrayView<int> results = SharedMemory.Allocate<int>(4);
        int lane = Group.IdxX;
        if (lane == 0)
        {
            results[0] = 0;
            results[1] = int.MaxValue;
            results[2] = int.MinValue;
            results[3] = 0;
        }

        Group.Barrier();
        int value = values[Grid.IdxX * GroupSize + lane];
        Atomic.Add(ref results[0], value);
        Atomic.Min(ref results[1], value);
        Atomic.Max(ref results[2], value);
        Atomic.Or(ref results[3], value);
        Atomic.Add(ref global[0], value);
        Atomic.Min(ref global[1], value);
        Atomic.Max(ref global[2], value);
        Atomic.Or(ref global[3], value);
        Group.Barrier();
        if (lane < 4)
            shared[Grid.IdxX * 4 + lane] = results[lane];
    }

    /// <summary>Branches on what an instruction returned: of values 4 i to 4 i + 3 the second or third by the sign of the first, -1 for 0.</summary>
    [Kernel(GroupSize)]
    public static void Branches(ArrayView<int> values, ArrayView<int> results)
    {
        int i = Grid.IdxX * GroupSize + Group.IdxX;
        Int4 four = Gpu.Load4(ref values[i * 4]);
        int count = -1;
        if (four.X != 0)
            count = four.X > 0 ? four.Y : four.Z;
        results[i] = count;
    }

    /// <summary>
    /// A sum that one way around the outer loop leaves alone and the inner loop goes on with: results[i] = the sum of 0 to k - 1
    /// over the k among values 0 to count - 1 that are greater than 0 or, at most once, the first that is 0.
    /// </summary>
    [Kernel(GroupSize)]
    public static void SumOverLoops(ArrayView<int> values, int count, ArrayView<int> results)
    {
        int sum = 0;
        int zeros = 0;
        int k = 0;
        while (k < count)
        {
            int value = values[k];
            k++;
            if (value > 0 || (value == 0 && zeros == 0))
            {
                if (value == 0)
                    zeros = 1;
                for (int i = 0; i < value; i++)
                    sum += i;
            }
        }

        results[Grid.IdxX * GroupSize + Group.IdxX] = sum;
    }

    private static float MultiplyAdd(float factor, float x, float y) => Gpu.Fma(factor, x, y);
}

/// <summary>A specialisation's constant.</summary>
internal interface IFactor
{
    static abstract int Factor { get; }
}

/// <summary>A factor of 2.</summary>
internal struct Two : IFactor
{
    public static int Factor => 2;
}

/// <summary>A factor of 7.</summary>
internal struct Seven : IFactor
{
    public static int Factor => 7;
}
