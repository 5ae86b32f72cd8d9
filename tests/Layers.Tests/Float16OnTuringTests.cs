using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>
/// What Turing computes otherwise than later hardware: smaller tiles, and copies that are made at once. In software, where its instructions are the same C# as those of later
/// hardware; and on an NVIDIA GPU, which is used as if it were one of Turing and shows that the texts for it do the same. That Turing's own tensor cores do is not shown.
/// </summary>
[Collection(nameof(SoftwareGpu))]
public sealed class Float16OnTuringTests
{
    private static readonly Lazy<GpuDevice> s_cuda = new(() => (GpuDevice)DeviceCatalog.OpenAs(NvidiaTarget.Turing));

    public static TheoryData<string> Devices => ["software", "cuda"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void Products_are_right(string device)
    {
        Float16Tests layers = On(device);
        layers.Convolutions_are_right(1, 1, 8, 8, 1, nameof(Activation.None), residual: false, shuffle: false);
        layers.Convolutions_are_right(5, 13, 136, 72, 1, nameof(Activation.Gelu), residual: true, shuffle: false);
        layers.Convolutions_are_right(3, 5, 8, 24, 3, nameof(Activation.Relu), residual: false, shuffle: false);
        layers.Convolutions_are_right(5, 7, 8, 32, 1, nameof(Activation.Relu), residual: false, shuffle: true);
        layers.Sums_of_pixels_are_right(5, 13, 64, 64, 1);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Gaussian_heads_are_right(string device)
    {
        Float16Tests layers = On(device);
        layers.Gaussian_heads_are_right(8, 5, 13);
        layers.Gaussian_heads_are_right(72, 1, 2);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Attention_is_right(string device)
    {
        Float16Tests layers = On(device);
        layers.Attention_is_right(5, 10, 5, 1, 16, 2, 1);
        layers.Attention_is_right(12, 12, 12, 1, 32, 0, 6);
        layers.Attention_with_a_position_bias_is_right(5, 10, 5, 1, 3, 3, mask: true);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Other_layers_are_right(string device)
    {
        Float16Tests layers = On(device);
        layers.Normalisation_is_right(13, 11, 192, shift: true, table: false);
        layers.Gated_sums_and_their_normalisation_are_right(3, 3, 30);
        layers.Sums_are_right();
        layers.Rounding_and_repeating_are_right();
    }

    [Fact]
    public void Large_windows_of_keys_do_not_fit()
    {
        Assert.True(TensorCores.SupportsAttention(SoftwareGpu.Turing, 192, 256, 6, rotates: true));
        Assert.False(TensorCores.SupportsAttention(SoftwareGpu.Turing, 192, 576, 6, rotates: true));
        Assert.True(TensorCores.SupportsAttention(SoftwareGpu.Ampere, 192, 576, 6, rotates: true));
    }

    private static Layers On(string device)
    {
        if (device == "software")
            return new Layers(SoftwareGpu.Turing);
        TestDevices.GetGpu(device);
        return new Layers(s_cuda.Value);
    }

    // Not a class of tests, as it is not public.
    private sealed class Layers(GpuDevice gpu) : Float16Tests
    {
        private protected override GpuDevice GetGpu() => gpu;
    }
}
