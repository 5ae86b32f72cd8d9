using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>What packed weights own on a device. It is released together, also when memory runs out before all of it is there.</summary>
/// <param name="device">The device that will use the weights.</param>
internal sealed class WeightMemory(Device device) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Takes over something to be disposed of together with the weights.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="resource">The resource.</param>
    public T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    /// <summary>Copies values to the device.</summary>
    /// <param name="values">height * width * channels values.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    public Tensor Upload(ReadOnlySpan<float> values, int height, int width, int channels)
    {
        Tensor tensor = device.Upload(values, height, width, channels);
        Own(tensor.Buffer);
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable resource in _owned)
            resource.Dispose();
        _owned.Clear();
    }
}
