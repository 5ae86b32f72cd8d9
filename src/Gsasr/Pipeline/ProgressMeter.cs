using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>Turns finished work into reports from 0 to 1. Devices run ahead of the host, so it waits for them before it reports.</summary>
/// <param name="device">The device that does the work.</param>
/// <param name="progress">Who is told; null for nobody.</param>
internal sealed class ProgressMeter(Device device, IProgress<double>? progress)
{
    private const double Step = 0.01;

    private double _first;
    private double _share;
    private double _total = 1;
    private double _done;
    private double _reported;

    /// <summary>The work of this part that is done, in multiply-adds.</summary>
    public double Done => _done;

    /// <summary>Begins a part of the work, or begins it again.</summary>
    /// <param name="part">Which part it is, from 0.</param>
    /// <param name="parts">How many parts of equal size there are.</param>
    /// <param name="total">The work of this part, in multiply-adds.</param>
    public void Begin(int part, int parts, double total)
    {
        _first = (double)part / parts;
        _share = 1.0 / parts;
        _total = total;
        _done = 0;
    }

    /// <summary>Counts finished work and reports it when it has grown by a hundredth of the whole.</summary>
    /// <param name="multiplyAdds">The work.</param>
    public void Advance(double multiplyAdds)
    {
        if (progress is null)
            return;
        _done += multiplyAdds;
        double fraction = Math.Min(_first + _share * Math.Min(1, _done / _total), 1 - Step);
        if (fraction < _reported + Step)
            return;
        device.Synchronize();
        _reported = fraction;
        progress.Report(fraction);
    }

    /// <summary>Reports that all is done.</summary>
    public void Finish() => progress?.Report(1);
}
