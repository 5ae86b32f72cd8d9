using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>What the host does for layers of float16.</summary>
public sealed class Float16HostTests
{
    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl")]
    public void Devices_without_tensor_cores_refuse(string name)
    {
        Device device = TestDevices.Get(name);
        Assert.False(TensorCores.IsSupported(device));
        var refusal = Assert.Throws<NotSupportedException>(
            () => ConvolutionWeights.Create(device, new float[64], [], 8, 8, elementType: ElementType.Float16));
        Assert.Contains("Float16", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 2, 3)]
    [InlineData(130, 1, 1)]
    [InlineData(64, 65, 9)]
    [InlineData(200, 130, 1)]
    public void Weights_are_packed_as_they_will_lie_in_shared_memory(int inputs, int outputs, int taps)
    {
        const int Columns = 64;
        int slices = (inputs + 63) / 64;
        float[] weight = Numbers.Of("weight", outputs * taps * inputs);
        Half[] packed = Float16ConvolutionGpu.Pack(weight, inputs, outputs, taps);
        Assert.Equal((outputs + 63) / 64 * Columns * taps * slices * Float16Tiles.Depth, packed.Length);
        for (int i = 0; i < packed.Length; i++)
        {
            // [blocks of columns][taps][slices][column][chunks of 8, permuted by the column].
            int column = i / 64 % Columns;
            int slice = i / 64 / Columns % (taps * slices);
            int output = i / 64 / Columns / (taps * slices) * Columns + column;
            int input = slice % slices * 64 + (i % 64 / 8 ^ column % 8) * 8 + i % 8;
            Half expected = output < outputs && input < inputs ? (Half)weight[(output * taps + slice / slices) * inputs + input] : Half.Zero;
            Assert.Equal(expected, packed[i]);
        }
    }
}
