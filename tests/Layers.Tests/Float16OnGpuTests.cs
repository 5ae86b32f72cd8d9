using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>
/// On an NVIDIA GPU with tensor cores, which alone shows that the hardware's instructions do what those in software do, and has the time
/// for images of many groups. <c>Gsasr.Layers.Tests -class Gsasr.Layers.Tests.Float16OnGpuTests</c> runs just these.
/// </summary>
public sealed class Float16OnGpuTests : Float16Tests
{
    [Theory]
    [InlineData(16, 24, 192, 192, 3, nameof(Activation.None), true, false)]
    [InlineData(9, 13, 64, 256, 3, nameof(Activation.None), false, true)]
    [InlineData(184, 190, 64, 256, 3, nameof(Activation.None), false, true)]
    [InlineData(160, 170, 64, 64, 1, nameof(Activation.None), true, false)]
    public void Convolutions_of_large_images_are_right(
        int height, int width, int inputs, int outputs, int kernel, string activation, bool residual, bool shuffle) =>
        Convolutions_are_right(height, width, inputs, outputs, kernel, activation, residual, shuffle);

    [Theory]
    [InlineData(192, 16, 8)]
    [InlineData(192, 3, 43)]
    public void Gaussian_heads_of_many_channels_are_right(int channels, int rows, int columns) => Gaussian_heads_are_right(channels, rows, columns);

    [Fact]
    public void Attention_of_many_heads_is_right()
    {
        Attention_is_right(24, 36, 12, 6, 32, 6, 6);
        Attention_is_right(48, 32, 16, 6, 32, 8, 8);
        Attention_with_a_position_bias_is_right(24, 40, 8, 6, 4, 4, mask: true);
        Attention_with_a_position_bias_is_right(24, 36, 12, 6, 0, 6, mask: false);
        Attention_to_overlapping_windows_is_right(48, 64, 16, 24, 6, rotates: true);
    }

    private protected override GpuDevice GetGpu()
    {
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (!TensorCores.IsSupported(gpu))
            Assert.Skip($"{gpu.Name} cannot multiply float16.");
        return gpu;
    }
}
