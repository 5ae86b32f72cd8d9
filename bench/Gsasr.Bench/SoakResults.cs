using System.Collections.Concurrent;
using System.Security.Cryptography;
using Gsasr.Pipeline;

namespace Gsasr.Bench;

/// <summary>What the threads of a soak found out.</summary>
internal sealed class SoakResults
{
    private readonly ConcurrentDictionary<string, Drawn> _drawn = [];
    private long _finished;
    private long _cancelled;
    private long _failed;
    private long _short;
    private long _outOfMemory;
    private string? _fault;

    /// <summary>Images that were finished.</summary>
    public long Finished => Interlocked.Read(ref _finished);

    /// <summary>Finished images during which memory was short.</summary>
    public long Short => Interlocked.Read(ref _short);

    /// <summary>Images that were cancelled.</summary>
    public long Cancelled => Interlocked.Read(ref _cancelled);

    /// <summary>Images during which the caller's own code failed.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Images that were refused because memory was short.</summary>
    public long OutOfMemory => Interlocked.Read(ref _outOfMemory);

    /// <summary>How many images in how many different tiles were compared with one that was drawn alone.</summary>
    public int References { get; private set; }

    /// <summary>What must not happen and did; null for nothing.</summary>
    public string? Fault => _fault;

    /// <summary>Takes a finished image. All of the same input in the same tiles and strips must have the same bits.</summary>
    /// <param name="image">The input.</param>
    /// <param name="isField">Whether it was made a field and then drawn.</param>
    /// <param name="plan">How it was worked on.</param>
    /// <param name="pixels">The output.</param>
    /// <param name="wasShort">Whether memory was short meanwhile.</param>
    public void Add(SoakImage image, bool isField, MemoryPlan plan, byte[] pixels, bool wasShort)
    {
        Interlocked.Increment(ref _finished);
        if (wasShort)
            Interlocked.Increment(ref _short);
        string key = $"{image}{(isField ? " as a field" : "")}, {plan.Tiles}, {plan.Strips.Count} strips to the {(plan.Strips.GoesRight ? "right" : "bottom")}";
        string hash = Hash(pixels);
        Drawn drawn = _drawn.GetOrAdd(key, _ => new Drawn(image, isField, plan, hash));
        if (drawn.Hash != hash)
            Report($"{key}: the pixels are not those of another time.");
    }

    /// <summary>
    /// Draws what is new since the last time once more, with nothing else under way, and compares the bits. To be called while no thread works.
    /// </summary>
    /// <param name="alone">An upscaler of its own device, which has memory to spare.</param>
    public void CompareWithReferences(Upscaler alone)
    {
        foreach ((string key, Drawn drawn) in _drawn.Where(entry => !entry.Value.IsCompared))
        {
            alone.FixedPlan = drawn.Plan;
            byte[] pixels = drawn.IsField
                ? drawn.Image.DrawField(alone, CancellationToken.None)
                : drawn.Image.Upscale(alone, static () => { }, progress: null, CancellationToken.None);
            if (Hash(pixels) != drawn.Hash)
                Report($"{key}: the pixels are not those that one thread draws alone.");
            drawn.IsCompared = true;
            References++;
        }
    }

    /// <summary>Counts a cancelled image.</summary>
    public void AddCancelled() => Interlocked.Increment(ref _cancelled);

    /// <summary>Counts an image that failed on purpose.</summary>
    public void AddFailed() => Interlocked.Increment(ref _failed);

    /// <summary>Counts an image that was refused for lack of memory.</summary>
    public void AddOutOfMemory() => Interlocked.Increment(ref _outOfMemory);

    /// <summary>Keeps what must not happen, the first time.</summary>
    /// <param name="fault">What happened.</param>
    public void Report(string fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    private static string Hash(byte[] pixels) => Convert.ToHexString(SHA256.HashData(pixels));

    private sealed record Drawn(SoakImage Image, bool IsField, MemoryPlan Plan, string Hash)
    {
        public bool IsCompared { get; set; }
    }
}
