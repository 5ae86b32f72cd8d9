using System.Runtime.ExceptionServices;
using System.Threading.Channels;

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

    // It needs no disposal, which would have to wait until the other side has let go of it.
    private readonly Channel<RowBand> _bands = Channel.CreateBounded<RowBand>(Bands);
    private readonly CancellationTokenSource _stop;
    private Exception? _failure;

    /// <summary>Creates the queue.</summary>
    /// <param name="cancellation">Stops both sides.</param>
    public RowQueue(CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Stopped = _stop.Token;
    }

    /// <summary>Cancelled when nobody takes the rows any more.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>Hands rows over; waits while there are enough.</summary>
    /// <param name="band">The rows; the other side disposes of them.</param>
    /// <exception cref="OperationCanceledException">Nobody takes them any more.</exception>
    public void Add(RowBand band) => _bands.Writer.WriteAsync(band, Stopped).AsTask().GetAwaiter().GetResult();

    /// <summary>Ends the rows.</summary>
    /// <param name="failure">Why there are no more than these, where the picture is not whole.</param>
    public void Complete(Exception? failure = null)
    {
        _failure ??= failure;
        _bands.Writer.TryComplete();
    }

    /// <summary>The rows in their order; what ended them early is thrown behind the last.</summary>
    public IEnumerable<RowBand> TakeAll()
    {
        foreach (RowBand band in Take(Stopped))
            yield return band;
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Ends the taking; the other side, which learns of it when it next hands rows over, is waited for.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (RowBand band in Take(CancellationToken.None))
            band.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<RowBand> Take(CancellationToken cancellation)
    {
        while (_bands.Reader.WaitToReadAsync(cancellation).AsTask().GetAwaiter().GetResult())
        {
            while (_bands.Reader.TryRead(out RowBand? band))
                yield return band;
        }
    }
}
