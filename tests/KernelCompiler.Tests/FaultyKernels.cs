using System.Globalization;
using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.KernelCompiler.Tests;

/// <summary>Kernels that the compiler must refuse, each with the reason in its name.</summary>
internal static class FaultyKernels
{
    [Kernel(64)]
    public static int ReturnsSomething(ArrayView<int> values) => values[0];

    [Kernel(64)]
    public static void GenericWithoutSpecialization<T>(ArrayView<int> values)
        where T : struct => values[0] = 1;

    [Kernel(64, Specialization = typeof(int))]
    public static void SpecializationWithoutParameter(ArrayView<int> values) => values[0] = 1;

    [Kernel(64, Specialization = typeof(int))]
    public static void TwoTypeParameters<T1, T2>(ArrayView<int> values)
        where T1 : struct
        where T2 : struct => values[0] = 1;

    [Kernel(0)]
    public static void GroupOfNone(ArrayView<int> values) => values[0] = 1;

    [Kernel(1025)]
    public static void GroupTooLarge(ArrayView<int> values) => values[0] = 1;

    [Kernel(64, Optimization = 3)]
    public static void UnknownOptimization(ArrayView<int> values) => values[0] = 1;

    [Kernel(64, DynamicSharedBytes = 16)]
    public static void DynamicSharedForAll(ArrayView<int> values) => values[0] = 1;

    [Kernel(64)]
    public static void LongParameter(ArrayView<int> values, long number) => values[0] = (int)number;

    [Kernel(64)]
    public static void SameName(ArrayView<int> values) => values[0] = 1;

    [Kernel(64)]
    public static void SameName(ArrayView<float> values) => values[0] = 1;

    [Kernel(64)]
    public static void WritesToTheConsole(ArrayView<int> values) => Console.WriteLine(values[0]);

    [Kernel(64)]
    public static void UsesStrings(ArrayView<int> values) => values[0] = values[1].ToString(CultureInfo.InvariantCulture).Length;

    [Kernel(64)]
    public static void NvidiaInstructionForAll(ArrayView<float> values) =>
        values[0] = TensorCores.MultiplyBFloat16(default, default, 0, 0).X;

    [Kernel(64)]
    public static void ArrayInLocalMemory(ArrayView<int> values, int count)
    {
        var array = new int[8];
        for (int i = 0; i < count; i++)
            array[i & 7] += values[i];
        values[0] = array[count & 7];
    }
}

/// <summary>A class whose kernels have no single form.</summary>
/// <typeparam name="T">Anything.</typeparam>
internal static class FaultyGenericKernels<T>
    where T : struct
{
    [Kernel(64)]
    public static void ClassIsGeneric(ArrayView<int> values) => values[0] = 1;
}
