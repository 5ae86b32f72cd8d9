using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>What the stages need besides their input while they run: memory, and a chance to report, to be measured and to stop.</summary>
/// <param name="arena">Memory for activations.</param>
/// <param name="meter">Told of each finished stretch of work; null for nobody.</param>
/// <param name="clock">Told of each finished stage; null for nobody.</param>
/// <param name="cancellation">Checked between layers and between bands.</param>
internal sealed class ForwardPass(
    Arena arena, ProgressMeter? meter = null, StageClock? clock = null, CancellationToken cancellation = default)
{
    /// <summary>Memory for activations.</summary>
    public Arena Arena => arena;

    /// <summary>Asks the work to stop.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Ends a stretch of work.</summary>
    /// <param name="multiplyAdds">How much it was.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Advance(double multiplyAdds)
    {
        cancellation.ThrowIfCancellationRequested();
        meter?.Advance(multiplyAdds);
    }

    /// <summary>Ends a stage.</summary>
    /// <param name="stage">The stage.</param>
    public void Mark(PipelineStage stage) => clock?.Mark(stage);
}
