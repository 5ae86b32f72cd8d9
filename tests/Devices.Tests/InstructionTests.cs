using System.Numerics;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class InstructionTests
{
    [Theory, EachGpu]
    public void Exact_instructions_round_once(string name)
    {
        (string Name, Func<float, float, float, int, float> Function)[] operations =
        [
            ("Fma", (x, y, z, _) => MathF.FusedMultiplyAdd(x, y, z)),
            ("Add", (x, y, _, _) => x + y),
            ("Subtract", (x, y, _, _) => x - y),
            ("Multiply", (x, y, _, _) => x * y),
            ("Multiply, Add", (x, y, z, _) => (float)(x * y) + z),
            ("Multiply, Subtract", (x, y, z, _) => (float)(x * y) - z),
            ("Floor", (x, _, _, _) => MathF.Floor(x)),
            ("Ceiling", (x, _, _, _) => MathF.Ceiling(x)),
            ("Round", (x, _, _, _) => MathF.Round(x, MidpointRounding.ToEven)),
            ("Keep", (x, _, _, _) => x),
            ("Keep of int", (_, _, _, i) => i),
            ("XMath.Min", (x, y, _, _) => MathF.Min(x, y)),
            ("XMath.Max", (x, y, _, _) => MathF.Max(x, y)),
            ("XMath.Abs", (x, _, _, _) => MathF.Abs(x)),
            ("XMath.PopCount", (x, _, _, _) => BitOperations.PopCount(BitConverter.SingleToUInt32Bits(x))),
            ("FirstBit", (x, _, _, _) => BitOperations.TrailingZeroCount(BitConverter.SingleToUInt32Bits(x) | 0x8000_0000)),
        ];

        // Halves and values beside them, and factors whose products all but cancel with c.
        float[] a = [.. Enumerable.Range(0, 400).Select(i => i < 40 ? (i - 20) * 0.5f : (i - 200) * 0.737f + 1f / (i + 1))];
        float[] b = [.. Enumerable.Range(0, a.Length).Select(i => (float)Math.Sin(i * 1.3) * 3.3f)];
        float[] c = [.. a.Zip(b, (x, y) => -x * y * (y > 1 ? 0.5f : 1f))];
        GpuDevice gpu = TestDevices.GetGpu(name);
        Tensor aTensor = gpu.Upload(a, 1, a.Length, 1);
        Tensor bTensor = gpu.Upload(b, 1, a.Length, 1);
        Tensor cTensor = gpu.Upload(c, 1, a.Length, 1);
        Tensor results = gpu.Upload(new float[operations.Length * a.Length], 1, operations.Length, a.Length);

        gpu.Launch(InstructionKernels.Exact.Kernel, InstructionKernels.Exact.Kernel.GroupsFor(a.Length), new()
        {
            A = aTensor.View,
            B = bTensor.View,
            C = cTensor.View,
            Results = results.View,
            Count = a.Length,
        });

        float[] values = results.ToArray();
        for (int k = 0; k < operations.Length; k++)
        {
            for (int i = 0; i < a.Length; i++)
            {
                float expected = operations[k].Function(a[i], b[i], c[i], i);
                float actual = values[k * a.Length + i];
                Assert.True(expected == actual, $"{operations[k].Name} of {a[i]:R}, {b[i]:R}, {c[i]:R} is {actual:R}, not {expected:R}.");
            }
        }

        foreach (Tensor tensor in (Tensor[])[aTensor, bTensor, cTensor, results])
            tensor.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void Approximations_are_as_accurate_as_promised(string name)
    {
        (string Name, Func<double, double> Function, double Error)[] functions =
        [
            ("DivideFast", x => 1.5 / x, 3e-7),
            ("Exp2", x => Math.Pow(2, x), 5e-7),
            ("NativeExp2", x => Math.Pow(2, x), 2e-6),
            ("XMath.Exp", Math.Exp, 2e-6),
            ("XMath.Sqrt", Math.Sqrt, 3e-7),
            ("XMath.Rsqrt", x => 1 / Math.Sqrt(x), 3e-7),
            ("/", x => 1.5 / x, 2e-7),
        ];
        float[] inputs = [.. Enumerable.Range(1, 200).Select(i => i * 0.0371f)];
        GpuDevice gpu = TestDevices.GetGpu(name);
        Tensor input = gpu.Upload(inputs, 1, inputs.Length, 1);
        Tensor output = gpu.Upload(new float[functions.Length * inputs.Length], 1, functions.Length, inputs.Length);

        gpu.Launch(InstructionKernels.Approximate.Kernel, InstructionKernels.Approximate.Kernel.GroupsFor(inputs.Length), new()
        {
            Inputs = input.View,
            Results = output.View,
            Count = inputs.Length,
        });

        float[] results = output.ToArray();
        for (int k = 0; k < functions.Length; k++)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                double expected = functions[k].Function(inputs[i]);
                double error = Math.Abs(results[k * inputs.Length + i] - expected) / Math.Abs(expected);
                Assert.True(
                    error < functions[k].Error,
                    $"{functions[k].Name} of {inputs[i]:R} is {results[k * inputs.Length + i]:R}, not {expected:R}.");
            }
        }

        input.Buffer.Dispose();
        output.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void Vectors_are_loaded_and_stored_in_order(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Items = 2 * SampleShape.GroupSize;
        float[] floats = [.. Enumerable.Range(0, Items * 12).Select(i => i + 0.25f)];
        int[] numbers = [.. Enumerable.Range(0, Items * 4).Select(i => i * 3 - 100)];
        Tensor input = gpu.Upload(floats, 1, Items, 12);
        Tensor output = gpu.Upload(new float[floats.Length], 1, Items, 12);
        using DeviceBuffer inputNumbers = gpu.Allocate(numbers.Length * sizeof(int));
        using DeviceBuffer outputNumbers = gpu.Allocate(numbers.Length * sizeof(int));
        inputNumbers.Upload<int>(numbers, 0);

        gpu.Launch(InstructionKernels.Vectors.Kernel, new WorkSize(2), new()
        {
            Floats = input.View,
            Numbers = new BufferView<int>(inputNumbers),
            Turned = output.View,
            TurnedNumbers = new BufferView<int>(outputNumbers),
        });

        // The second four comes back in the middle, turned like the rest.
        Assert.Equal(floats.Chunk(12).SelectMany(item => item.Reverse()), output.ToArray());
        var turned = new int[numbers.Length];
        outputNumbers.Download(turned.AsSpan(), 0);
        Assert.Equal(numbers.Chunk(4).SelectMany(item => item.Reverse()), turned);
        input.Buffer.Dispose();
        output.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void A_group_sees_its_own_writes_to_global_memory_after_a_barrier(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Groups = 50;
        int[] values = [.. Enumerable.Range(0, Groups * SampleShape.GroupSize).Select(i => i * 31)];
        using DeviceBuffer input = gpu.Allocate(values.Length * sizeof(int));
        using DeviceBuffer passed = gpu.Allocate(values.Length * sizeof(int));
        using DeviceBuffer output = gpu.Allocate(values.Length * sizeof(int));
        input.Upload<int>(values, 0);

        gpu.Launch(InstructionKernels.ThroughGlobalMemory.Kernel, new WorkSize(Groups), new()
        {
            Values = new BufferView<int>(input),
            Passed = new BufferView<int>(passed),
            Turned = new BufferView<int>(output),
        });

        var turned = new int[values.Length];
        output.Download(turned.AsSpan(), 0);
        Assert.Equal(values.Chunk(SampleShape.GroupSize).SelectMany(group => group.Reverse()), turned);
    }
}
