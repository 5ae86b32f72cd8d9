using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gsasr.Pipeline;

namespace Gsasr.Bench;

/// <summary>What the threads of a soak found out.</summary>
internal sealed class SoakResults
{
    private readonly ConcurrentDictionary<string, string> _first = [];
    private long _finished;
    private long _compared;
    private long _cancelled;
    private long _failed;
    private long _outOfMemory;
    private string? _fault;

    /// <summary>Images that were finished.</summary>
    public long Finished => Interlocked.Read(ref _finished);

    /// <summary>Images that were compared with an earlier one.</summary>
    public long Compared => Interlocked.Read(ref _compared);

    /// <summary>Images that were cancelled.</summary>
    public long Cancelled => Interlocked.Read(ref _cancelled);

    /// <summary>Images during which the caller's own code failed.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Images during which memory ran out once.</summary>
    public long OutOfMemory => Interlocked.Read(ref _outOfMemory);

    /// <summary>The first thing that happened and must not happen; null if there is none.</summary>
    public string? Fault => _fault;

    /// <summary>Compares a finished image with the first one of the same input, in the same tiles and strips.</summary>
    /// <param name="image">The input's name.</param>
    /// <param name="plan">How it was worked on.</param>
    /// <param name="pixels">The output.</param>
    public void Compare(string image, MemoryPlan plan, byte[] pixels)
    {
        Interlocked.Increment(ref _finished);
        string key = $"{image}, tiles {plan.Tiles}, {plan.Strips.Count} strips to the {(plan.Strips.GoesRight ? "right" : "bottom")}";
        string hash = Convert.ToHexString(SHA256.HashData(pixels));
        if (_first.TryAdd(key, hash))
            return;
        if (_first[key] != hash)
            Report($"{key}: the pixels are not those of the first result.");
        Interlocked.Increment(ref _compared);
    }

    /// <summary>Counts a cancelled image.</summary>
    public void AddCancelled() => Interlocked.Increment(ref _cancelled);

    /// <summary>Counts an image that failed on purpose.</summary>
    public void AddFailed() => Interlocked.Increment(ref _failed);

    /// <summary>Counts an image for which memory ran out.</summary>
    public void AddOutOfMemory() => Interlocked.Increment(ref _outOfMemory);

    /// <summary>Keeps a fault, if it is the first.</summary>
    /// <param name="fault">What happened.</param>
    public void Report(string fault) => Interlocked.CompareExchange(ref _fault, fault, null);
}
