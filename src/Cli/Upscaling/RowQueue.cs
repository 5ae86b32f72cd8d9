using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// The rows of a picture between the device that draws them and the encoder that writes them. It holds a few bands at a time, so that
/// neither side waits long for the other, and the memory does not grow with the picture.
/// </summary>
internal sealed class RowQueue : IDisposable
{
    /// <summary>A band has about so many bytes.</summary>
    public const int BandBytes = 1 << 22;

    /// <summary>Bytes of all bands: those that wait, one that is being filled and one that is being written.</summary>
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

    /// <summary>Cancelled when nobody takes rows any more.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>Hands rows over; waits while enough of them are waiting.</summary>
    /// <param name="band">The rows; the other side disposes of them.</param>
    /// <exception cref="OperationCanceledException">Nobody takes them any more.</exception>
    public void Add(RowBand band) => _bands.Writer.WriteAsync(band, Stopped).AsTask().GetAwaiter().GetResult();

    /// <summary>Ends the rows.</summary>
    /// <param name="failure">Why the picture is not complete, if it is not.</param>
    public void Complete(Exception? failure = null)
    {
        _failure ??= failure;
        _bands.Writer.TryComplete();
    }

    /// <summary>The rows in their order. If a failure ended them early, it is thrown after the last one.</summary>
    public IEnumerable<RowBand> TakeAll()
    {
        foreach (RowBand band in Take(Stopped))
            yield return band;
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Stops taking rows, and waits for the other side, which finds out when it next hands rows over.</summary>
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
