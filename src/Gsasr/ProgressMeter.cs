using Gsasr.Tensors;

namespace Gsasr;

/// <summary>Turns finished work into reports from 0 to 1. Devices run ahead of the host, so it waits for them before it reports.</summary>
/// <param name="device">The device that does the work.</param>
/// <param name="total">All the work, in multiply-adds.</param>
/// <param name="progress">Who is told; null for nobody.</param>
internal sealed class ProgressMeter(Device device, double total, IProgress<double>? progress)
{
    private const double Step = 0.01;

    private double _done;
    private double _reported;

    /// <summary>Counts finished work and reports it when it has grown by a hundredth.</summary>
    /// <param name="multiplyAdds">The work.</param>
    public void Advance(double multiplyAdds)
    {
        if (progress is null)
            return;
        _done += multiplyAdds;
        double fraction = Math.Min(_done / total, 1 - Step);
        if (fraction < _reported + Step)
            return;
        device.Synchronize();
        _reported = fraction;
        progress.Report(fraction);
    }

    /// <summary>Starts a stretch of work again, of which some had been counted.</summary>
    /// <param name="done">The work that counts as done.</param>
    public void Rewind(double done) => _done = done;

    /// <summary>The work counted so far.</summary>
    public double Done => _done;

    /// <summary>Reports that all is done.</summary>
    public void Finish() => progress?.Report(1);
}
