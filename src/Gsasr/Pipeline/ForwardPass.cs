using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>What the stages need besides their input: memory, and a way to report progress, to be measured and to stop.</summary>
/// <remarks>One object serves one image after the other, so that an image allocates nothing.</remarks>
internal sealed class ForwardPass
{
    /// <summary>Creates a pass.</summary>
    /// <param name="arena">Memory for activations.</param>
    public ForwardPass(Arena arena)
    {
        Arena = arena;
        Meter = new ProgressMeter(this);
    }

    /// <summary>Memory for activations.</summary>
    public Arena Arena { get; }

    /// <summary>Told of each finished stretch of work.</summary>
    public ProgressMeter Meter { get; }

    /// <summary>Told of each finished stage; null for nobody.</summary>
    public StageClock? Clock { get; set; }

    /// <summary>Asks the work to stop; looked at between layers and between bands.</summary>
    public CancellationToken Cancellation { get; private set; }

    /// <summary>
    /// Whether code of the caller is running, or has thrown: it takes reports and rows. What it throws ends the work, even if it says that memory
    /// ran out, which was then not the memory of this image.
    /// </summary>
    public bool IsInCallersCode { get; set; }

    /// <summary>Begins an image.</summary>
    /// <param name="progress">Told from 0 to 1 how far the work is; null for nobody.</param>
    /// <param name="cancellation">Asks the work to stop.</param>
    public void Begin(IProgress<double>? progress, CancellationToken cancellation)
    {
        Meter.Begin(progress);
        IsInCallersCode = false;
        Cancellation = cancellation;
        Clock?.Start();
    }

    /// <summary>Ends a stretch of work.</summary>
    /// <param name="multiplyAdds">How much it was.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Advance(double multiplyAdds)
    {
        Cancellation.ThrowIfCancellationRequested();
        Meter.Advance(multiplyAdds);
    }

    /// <summary>Ends a stage.</summary>
    /// <param name="stage">The stage.</param>
    public void Mark(PipelineStage stage) => Clock?.Mark(stage);
}
