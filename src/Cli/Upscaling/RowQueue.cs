using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// The rows of a picture between the device that draws and the encoder that writes: a few bands of them at a time, so that neither waits
/// long for the other and a picture of any size needs no more memory than that.
/// </summary>
internal sealed class RowQueue : IDisposable
{
    /// <summary>About as many bytes are a band.</summary>
    public const int BandBytes = 1 << 22;

    /// <summary>What all bands take: those that wait, one that is filled and one that is written.</summary>
    public const long Bytes = (Bands + 2) * (long)BandBytes;

    private const int Bands = 2;

    private readonly BlockingCollection<RowBand> _bands = new(Bands);
    private readonly CancellationTokenSource _stop;
    private Exception? _failure;

    /// <summary>Creates the queue.</summary>
    /// <param name="cancellation">Stops both sides.</param>
    public RowQueue(CancellationToken cancellation) => _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    /// <summary>Cancelled when nobody takes the rows any more.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Hands rows over; waits while there are enough.</summary>
    /// <param name="band">The rows; the other side disposes of them.</param>
    /// <exception cref="OperationCanceledException">Nobody takes them any more.</exception>
    public void Add(RowBand band) => _bands.Add(band, _stop.Token);

    /// <summary>Ends the rows.</summary>
    /// <param name="failure">Why there are no more than these, where the picture is not whole.</param>
    public void Complete(Exception? failure = null)
    {
        _failure = failure;
        _bands.CompleteAdding();
    }

    /// <summary>The rows in their order; what ended them early is thrown behind the last.</summary>
    public IEnumerable<RowBand> TakeAll()
    {
        foreach (RowBand band in _bands.GetConsumingEnumerable(_stop.Token))
            yield return band;
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Ends the taking; the other side, which learns of it when it next hands rows over, is waited for.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (RowBand band in _bands.GetConsumingEnumerable())
            band.Dispose();
        _bands.Dispose();
        _stop.Dispose();
    }
}
