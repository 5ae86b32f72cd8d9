namespace Gsasr.Pipeline;

/// <summary>
/// Turns finished work into reports from 0 to 1. The host queues work ahead of the device, so it waits for the device before it reports.
/// </summary>
/// <param name="pass">The pass whose work it is.</param>
internal sealed class ProgressMeter(ForwardPass pass)
{
    private const double Step = 0.01;

    private IProgress<double>? _progress;
    private double _total = 1;
    private double _done;
    private double _reported;

    /// <summary>The work that is done, in multiply-adds.</summary>
    public double Done => _done;

    /// <summary>The tile that the networks work on, or worked on last, from 1; 0 before the first. Alpha has tiles of its own.</summary>
    public int Tile { get; set; }

    /// <summary>How many tiles there are.</summary>
    public int Tiles { get; private set; }

    /// <summary>Begins a call.</summary>
    /// <param name="progress">Who is told; null for nobody.</param>
    public void Begin(IProgress<double>? progress)
    {
        _progress = progress;
        _reported = 0;
    }

    /// <summary>Begins the work, or begins it again.</summary>
    /// <param name="total">All of it, in multiply-adds.</param>
    /// <param name="tiles">How many tiles there are.</param>
    public void BeginWork(double total, int tiles = 1)
    {
        _total = total;
        _done = 0;
        Tile = 0;
        Tiles = tiles;
    }

    /// <summary>Counts finished work and reports it when it has grown by a hundredth of the whole.</summary>
    /// <param name="multiplyAdds">The work.</param>
    public void Advance(double multiplyAdds)
    {
        if (_progress is null)
            return;
        _done += multiplyAdds;
        double fraction = Math.Min(_done / _total, 1 - Step);
        if (fraction < _reported + Step)
            return;
        pass.Arena.Device.Synchronize();
        _reported = fraction;
        Report(fraction);
    }

    /// <summary>Reports that all is done.</summary>
    public void Finish()
    {
        if (_progress is not null)
            Report(1);
        _progress = null;
    }

    private void Report(double fraction)
    {
        pass.IsInCallersCode = true;
        _progress!.Report(fraction);
        pass.IsInCallersCode = false;
    }
}
