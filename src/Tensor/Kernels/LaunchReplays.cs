namespace Gsasr.Tensors;

/// <summary>
/// Runs sequences of launches. One that comes a second time, equal to the last argument, becomes a graph, and this and later ones are a
/// single call of the driver. As addresses are among the arguments, a graph never outlives its memory: where memory has moved, the
/// sequence is another one.
/// </summary>
/// <remarks>Used under the lock of the launches.</remarks>
/// <param name="create">Makes a graph; null where the driver does not.</param>
/// <param name="launch">Starts a single launch.</param>
internal sealed class LaunchReplays(Func<LaunchSequence, GpuGraph?> create, LaunchSequence.LaunchAction launch)
{
    // A graph takes some 3 KB of the driver's memory for each of at most 128 launches, so that all of them take 13 MB at most.
    private const int MostSequences = 32;
    private const int LeastLaunches = 2;

    // The one that was used last comes first.
    private readonly List<Known> _known = [];

    /// <summary>How often a graph was launched.</summary>
    public long Replays { get; private set; }

    /// <summary>Starts the launches of a sequence.</summary>
    /// <param name="sequence">The launches.</param>
    public void Run(LaunchSequence sequence)
    {
        if (sequence.Count < LeastLaunches)
        {
            sequence.ForEach(launch);
            return;
        }

        int index = 0;
        while (index < _known.Count && !_known[index].Sequence.HasLaunchesOf(sequence))
            index++;
        if (index == _known.Count)
        {
            sequence.ForEach(launch);
            Remember(sequence);
            return;
        }

        Known known = _known[index];
        MoveToFront(index);
        if (!known.WasTried)
        {
            known.WasTried = true;
            known.Graph = create(sequence);
        }

        if (known.Graph is GpuGraph graph)
        {
            graph.Launch();
            Replays++;
        }
        else
        {
            sequence.ForEach(launch);
        }
    }

    /// <summary>Gives all graphs back.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Release()
    {
        bool any = false;
        foreach (Known known in _known)
        {
            any |= known.Graph is not null;
            known.Graph?.Release();
        }

        _known.Clear();
        return any;
    }

    private void Remember(LaunchSequence sequence)
    {
        if (_known.Count < MostSequences)
            _known.Add(new Known());
        Known known = _known[^1];
        known.Graph?.Release();
        known.Graph = null;
        known.WasTried = false;
        known.Sequence.CopyFrom(sequence);
        MoveToFront(_known.Count - 1);
    }

    private void MoveToFront(int index)
    {
        Known known = _known[index];
        _known.RemoveAt(index);
        _known.Insert(0, known);
    }

    private sealed class Known
    {
        public LaunchSequence Sequence { get; } = new();

        public GpuGraph? Graph { get; set; }

        public bool WasTried { get; set; }
    }
}
