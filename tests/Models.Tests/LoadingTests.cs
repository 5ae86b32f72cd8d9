using Gsasr.Architecture;
using Gsasr.Layers.Tests;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Weights are packed while a driver opens the device, so that nothing in the loading may wait for the driver.</summary>
public sealed class LoadingTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ManualResetEventSlim _mayOpen = new();

    public static TheoryData<string> Encoders { get; } = [.. SmallModels.Architectures.Select(architecture => architecture.Encoder.Name)];

    [Theory]
    [MemberData(nameof(Encoders))]
    public void A_model_is_loaded_while_its_device_is_opened(string encoder) =>
        LoadWhileOpening(SmallModels.Open(SmallModels.Architectures.Single(architecture => architecture.Encoder.Name == encoder)), Precision.Float32);

    [Fact]
    public void A_model_is_loaded_for_mixed_precision_while_its_device_is_opened() => LoadWhileOpening(GsasrModel.Default, Precision.Mixed);

    public void Dispose() => _mayOpen.Dispose();

    private void LoadWhileOpening(GsasrModel model, Precision precision)
    {
        using var device = new ReplayingGpu(() => Assert.True(_mayOpen.Wait(s_patience)));
        try
        {
            using var upscaler = new Upscaler(model, device, new UpscalerOptions { Precision = precision });
            Assert.Equal(precision, upscaler.Precision);
            Assert.False(device.Opening.IsCompleted);
            Assert.Equal(0, device.Blocks);
            long bytes = device.AllocatedBytes;
            Assert.True(bytes > 0);
            _mayOpen.Set();
            device.FinishOpening();
            Assert.NotEqual(0, device.Blocks);
            Assert.Equal(bytes, device.AllocatedBytes);
        }
        finally
        {
            _mayOpen.Set();
        }
    }
}
