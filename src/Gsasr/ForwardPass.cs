using Gsasr.Tensors;

namespace Gsasr;

/// <summary>What the networks need besides their weights while they run: memory, and a chance to report and to stop.</summary>
/// <param name="arena">Memory for activations.</param>
/// <param name="advance">Called with the multiply-adds of each finished stretch of work; null for none.</param>
/// <param name="cancellation">Checked between layers.</param>
internal sealed class ForwardPass(Arena arena, Action<double>? advance, CancellationToken cancellation)
{
    /// <summary>Memory for activations.</summary>
    public Arena Arena => arena;

    /// <summary>Ends a stretch of work.</summary>
    /// <param name="multiplyAdds">How much it was.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Advance(double multiplyAdds)
    {
        cancellation.ThrowIfCancellationRequested();
        advance?.Invoke(multiplyAdds);
    }
}
