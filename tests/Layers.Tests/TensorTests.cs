using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

public sealed class TensorTests : IDisposable
{
    private readonly CpuDevice _device = new(1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(0, 16384, 16384, 1, 1)]
    [InlineData(0, 1, 1, 17, 17)]
    [InlineData(1, 4, 4, 1, 1)]
    [InlineData(0, 2, 2, 1, 6)]
    [InlineData(17, 1, 1, 1, 1)]
    [InlineData(long.MaxValue, 1, 1, 1, 1)]
    [InlineData(0, int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue)]
    [InlineData(-1, 1, 1, 1, 1)]
    [InlineData(0, 0, 1, 1, 1)]
    [InlineData(0, 1, -1, 1, 1)]
    [InlineData(0, 1, 1, 0, 1)]
    [InlineData(0, 2, 2, 2, 1)]
    public void A_view_that_does_not_lie_inside_its_buffer_is_refused(long offset, int height, int width, int channels, int pitch)
    {
        using DeviceBuffer buffer = _device.Allocate(64);
        Assert.ThrowsAny<ArgumentException>(() => new Tensor(buffer, offset, height, width, channels, pitch));
    }

    [Theory]
    [InlineData(0, 4, 4, 1, 1)]
    [InlineData(15, 1, 1, 1, 1)]
    [InlineData(0, 2, 2, 1, 5)]
    [InlineData(3, 1, 2, 6, 7)]
    public void A_view_may_fill_its_buffer_to_the_last_value(long offset, int height, int width, int channels, int pitch)
    {
        using DeviceBuffer buffer = _device.Allocate(64);
        buffer.Upload<float>(new float[16], 0);
        var tensor = new Tensor(buffer, offset, height, width, channels, pitch);
        Assert.Equal(tensor.Count, tensor.ToArray().Length);
    }

    [Fact]
    public void What_fits_depends_on_the_size_of_a_value()
    {
        using DeviceBuffer buffer = _device.Allocate(64);
        var halves = new Tensor(buffer, 16, 1, 1, 16, 16, ElementType.Float16);
        Assert.Equal(32, halves.ByteOffset);
        Assert.ThrowsAny<ArgumentException>(() => new Tensor(buffer, 17, 1, 1, 16, 16, ElementType.Float16));
        Assert.ThrowsAny<ArgumentException>(() => new Tensor(buffer, 0, 1, 1, 9, 9, ElementType.Float64));
        Assert.Equal(ElementType.Float16, halves.SliceChannels(1, 2).ElementType);
        Assert.Equal(34, halves.SliceChannels(1, 2).ByteOffset);
    }

    [Fact]
    public void Slices_and_other_shapes_stay_inside_the_buffer()
    {
        using DeviceBuffer buffer = _device.Allocate(64);
        var tensor = new Tensor(buffer, 0, 2, 4, 2, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.SliceChannels(1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.SliceRows(1, 2));
        Assert.Throws<ArgumentException>(() => tensor.Reshape(height: 3));
        Assert.Throws<ArgumentException>(() => tensor.Reshape(pitch: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Reshape(pitch: 1));
        Assert.Throws<ArgumentException>(() => tensor.SliceRows(1, 1).Reshape(height: 2));
        Assert.Equal((1, 8), (tensor.Reshape(height: 1, width: 8).Height, tensor.Reshape(height: 1, width: 8).Width));
    }

    [Fact]
    public void Values_of_another_kind_are_refused()
    {
        using DeviceBuffer buffer = _device.Allocate(64);
        var halves = new Tensor(buffer, 0, 1, 1, 16, 16, ElementType.Float16);
        halves.Upload<Half>(new Half[16]);
        Assert.Throws<ArgumentException>(() => halves.ToArray());
        Assert.Throws<ArgumentException>(() => halves.View);
        Assert.Throws<ArgumentException>(() => halves.Upload<float>(new float[16]));
        Assert.Throws<ArgumentException>(() => halves.Upload<Half>(new Half[15]));
        Assert.Throws<ArgumentException>(() => halves.Reshape(channels: 2, pitch: 4).Upload<Half>(new Half[2]));
        Assert.Throws<ArgumentException>(() => Elementwise.Add(halves, halves, halves));
        Assert.Equal(16, halves.ViewAs<ushort>().Length);
    }

    [Fact]
    public void What_was_never_given_a_buffer_says_so() =>
        Assert.Throws<InvalidOperationException>(() => default(Tensor).Device);

    [Fact]
    public void Tensors_of_different_devices_are_refused()
    {
        using var other = new CpuDevice(1);
        float[] values = new float[2 * 2 * 4];
        Tensor here = _device.Upload(values, 2, 2, 4);
        Tensor there = other.Upload(values, 2, 2, 4);
        using DeviceBuffer firstMemory = here.Buffer;
        using DeviceBuffer secondMemory = there.Buffer;
        Tensor vector = here.Reshape(height: 1, width: 1);
        Tensor farVector = there.Reshape(height: 1, width: 1);

        Refused("a", () => Elementwise.Add(there, here, here));
        Refused("b", () => Elementwise.Add(here, there, here));
        Refused("a", () => Elementwise.Add(here, here, there));
        Refused("table", () => Elementwise.Repeat(there, here));
        Refused("x", () => LayerNorm.Run(there, vector, vector, here));
        Refused("gamma", () => LayerNorm.Run(here, farVector, vector, here));
        Refused("beta", () => LayerNorm.Run(here, vector, farVector, here));
        Refused("shift", () => LayerNorm.Run(here, vector, vector, here, farVector));
        Refused("windowTable", () => LayerNorm.Run(here, vector, vector, here, null, there));
        var settings = new WindowAttentionSettings(2, 1);
        Refused("query", () => WindowAttention.Run(there, here, here, here, settings));
        Refused("key", () => WindowAttention.Run(here, there, here, here, settings));
        Refused("value", () => WindowAttention.Run(here, here, there, here, settings));
        using ConvolutionWeights weights = ConvolutionWeights.Create(_device, new float[16], [], 4, 4);
        using ConvolutionWeights farWeights = ConvolutionWeights.Create(other, new float[16], [], 4, 4);
        Refused("x", () => Convolution.Run(there, weights, here));
        Refused("weights", () => Convolution.Run(here, farWeights, here));
        Refused("residual", () => Convolution.Run(here, weights, here, residual: there));
        Refused("bias", () => Convolution.Run(here, weights, here, bias: farVector));

        static void Refused(string argument, Action run) => Assert.Equal(argument, Assert.Throws<ArgumentException>(run).ParamName);
    }
}
