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

    [Fact]
    public void Weights_are_packed_to_whole_slices()
    {
        // [2 outputs][3 taps][5 channels], and [1][1][130].
        float[] weight = Numbers.Of("weight", 2 * 3 * 5);
        Half[] packed = Float16ConvolutionGpu.Pack(weight, 5, 2, 3);
        Assert.Equal(2 * 3 * Float16Tiles.Depth, packed.Length);
        for (int i = 0; i < packed.Length; i++)
        {
            int channel = i % Float16Tiles.Depth;
            Assert.Equal(channel < 5 ? (Half)weight[i / Float16Tiles.Depth * 5 + channel] : Half.Zero, packed[i]);
        }

        Assert.Equal(3 * Float16Tiles.Depth, Float16ConvolutionGpu.Pack(new float[130], 130, 1, 1).Length);
    }
}
