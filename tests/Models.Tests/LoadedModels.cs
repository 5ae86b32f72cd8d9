using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Upscalers with seeded full-size networks on the processor, loaded once for all tests of a class.</summary>
public sealed class LoadedModels : IDisposable
{
    private readonly Dictionary<string, Upscaler> _upscalers = new(StringComparer.Ordinal);
    private readonly CpuDevice _device = new();

    /// <summary>The upscaler of a model.</summary>
    public Upscaler Get(string model)
    {
        if (!_upscalers.TryGetValue(model, out Upscaler? upscaler))
        {
            upscaler = new Upscaler(new GsasrModel(() => SeededCheckpoint.Open(model)), _device, UpscalerOptions.AsPublished);
            _upscalers.Add(model, upscaler);
        }

        return upscaler;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Upscaler upscaler in _upscalers.Values)
            upscaler.Dispose();
        _device.Dispose();
    }
}
