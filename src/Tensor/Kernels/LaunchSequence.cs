namespace Gsasr.Tensors;

/// <summary>Launches that follow each other, with all their arguments. Memory is kept when it is filled anew.</summary>
internal sealed class LaunchSequence
{
    private Launch[] _launches = [];
    private KernelArgument[] _arguments = [];
    private int _argumentCount;

    /// <summary>How many launches there are.</summary>
    public int Count { get; private set; }

    /// <summary>The kernel of the last launch.</summary>
    public GpuKernel? LastKernel => Count == 0 ? null : _launches[Count - 1].Kernel;

    private ReadOnlySpan<Launch> Launches => _launches.AsSpan(0, Count);

    private ReadOnlySpan<KernelArgument> Arguments => _arguments.AsSpan(0, _argumentCount);

    /// <summary>Adds a launch at the end.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="groups">How many work-groups run.</param>
    /// <param name="order">What it waits for.</param>
    /// <param name="arguments">Its arguments.</param>
    public void Add(GpuKernel kernel, WorkSize groups, LaunchOrder order, ReadOnlySpan<KernelArgument> arguments)
    {
        Reserve(ref _launches, Count + 1);
        Reserve(ref _arguments, _argumentCount + arguments.Length);
        _launches[Count++] = new Launch(kernel, groups, order, arguments.Length);
        arguments.CopyTo(_arguments.AsSpan(_argumentCount));
        _argumentCount += arguments.Length;
    }

    /// <summary>Removes all launches.</summary>
    public void Clear()
    {
        Count = 0;
        _argumentCount = 0;
    }

    /// <summary>Becomes a copy of another sequence.</summary>
    /// <param name="other">The other one.</param>
    public void CopyFrom(LaunchSequence other)
    {
        Reserve(ref _launches, other.Count);
        Reserve(ref _arguments, other._argumentCount);
        other.Launches.CopyTo(_launches);
        other.Arguments.CopyTo(_arguments);
        Count = other.Count;
        _argumentCount = other._argumentCount;
    }

    /// <summary>Whether the other sequence has the same launches of the same kernels with the same arguments, addresses among them.</summary>
    /// <param name="other">The other one.</param>
    public bool HasLaunchesOf(LaunchSequence other) =>
        Count == other.Count && Launches.SequenceEqual(other.Launches) && Arguments.SequenceEqual(other.Arguments);

    /// <summary>Calls an action for each launch, in their order.</summary>
    /// <param name="launch">Takes a launch.</param>
    public void ForEach(LaunchAction launch)
    {
        int first = 0;
        foreach (Launch one in Launches)
        {
            launch(one.Kernel, one.Groups, one.Order, _arguments.AsSpan(first, one.Arguments));
            first += one.Arguments;
        }
    }

    private static void Reserve<T>(ref T[] array, int count)
    {
        if (array.Length < count)
            Array.Resize(ref array, Math.Max(count, 2 * array.Length));
    }

    /// <summary>Takes a launch.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="groups">How many work-groups run.</param>
    /// <param name="order">What it waits for. One after the other is right for all.</param>
    /// <param name="arguments">Its arguments.</param>
    public delegate void LaunchAction(GpuKernel kernel, WorkSize groups, LaunchOrder order, ReadOnlySpan<KernelArgument> arguments);

    private readonly record struct Launch(GpuKernel Kernel, WorkSize Groups, LaunchOrder Order, int Arguments);
}
