using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>Packing that runs out of memory half-way leaves nothing on the device.</summary>
public sealed class WeightMemoryTests
{
    private const int Channels = 12;

    [Fact]
    public void Of_a_convolution_nothing_stays() =>
        Check(device => ConvolutionWeights.Create(device, new float[Channels * Channels * 9], new float[Channels], Channels, Channels, 3));

    [Fact]
    public void Of_a_channel_attention_nothing_stays() => Check(device =>
        new ChannelAttentionWeights(device, new float[3 * Channels], new float[3], new float[3 * Channels], new float[Channels]));

    [Fact]
    public void Of_Gaussian_heads_nothing_stays()
    {
        int[] outputs = [2, 1, 1, 3, 2];
        Check(device => new GaussianHeadsWeights(
            device,
            Channels,
            [.. outputs.Select(_ => (new float[Channels * Channels], new float[Channels]))],
            [.. outputs.Select(_ => (new float[4 * Channels * Channels], new float[4 * Channels]))],
            [.. outputs.Select(size => (new float[size * 4 * Channels], new float[size]))]));
    }

    // Tries with a little more memory each time, until there is enough.
    private static void Check(Func<Device, IDisposable> pack)
    {
        using var roomy = new CpuDevice(1);
        using IDisposable weights = pack(roomy);
        long needed = roomy.AllocatedBytes;
        int failures = 0;
        for (long limit = 1; limit < needed; limit += Math.Max(1, needed / 97))
        {
            using var device = new CpuDevice(1, limit);
            Assert.Throws<DeviceMemoryException>(() => pack(device));
            Assert.Equal(0, device.AllocatedBytes);
            failures++;
        }

        Assert.InRange(failures, 50, 200);
        using var exact = new CpuDevice(1, needed);
        pack(exact).Dispose();
        Assert.Equal(0, exact.AllocatedBytes);
    }
}
