namespace Gsasr.Weights;

/// <summary>Reports how much of a model's weights is on the device, and stops the loading if the caller asks for it.</summary>
/// <param name="total">All numbers of the model.</param>
/// <param name="progress">Told from 0 to 1; null for nobody.</param>
/// <param name="cancellation">Checked before each tensor.</param>
internal sealed class LoadingMeter(long total, IProgress<double>? progress, CancellationToken cancellation)
{
    private const double Step = 0.01;

    private long _done;
    private double _reported;

    /// <summary>Begins to read a tensor, after those before it are done.</summary>
    /// <param name="numbers">How many numbers it has.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Advance(long numbers)
    {
        cancellation.ThrowIfCancellationRequested();
        double fraction = Math.Min((double)_done / total, 1 - Step);
        _done += numbers;
        if (fraction < _reported + Step)
            return;
        _reported = fraction;
        progress?.Report(fraction);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Reports that all is done.</summary>
    public void Finish()
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(1);
    }
}
