using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>A graph of a device of the tests: a copy of the launches, which are made one by one.</summary>
internal sealed class CopiedGraph : GpuGraph
{
    private readonly LaunchSequence _launches = new();
    private readonly Action<LaunchSequence> _launch;
    private readonly Action _release;

    /// <summary>Copies launches.</summary>
    /// <param name="launches">The launches.</param>
    /// <param name="launch">Makes them.</param>
    /// <param name="release">Told when the graph is given back.</param>
    public CopiedGraph(LaunchSequence launches, Action<LaunchSequence> launch, Action release)
    {
        _launches.CopyFrom(launches);
        _launch = launch;
        _release = release;
    }

    public override void Launch() => _launch(_launches);

    public override void Release() => _release();
}
