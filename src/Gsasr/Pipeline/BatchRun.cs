using System.Runtime.ExceptionServices;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>Shares the images of a batch out among upscalers, each of which takes the next when it has finished one.</summary>
/// <typeparam name="T">byte, ushort or float.</typeparam>
/// <param name="items">The images.</param>
/// <param name="finished">Told the places of pictures that are there; null for nobody.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class BatchRun<T>(IReadOnlyList<UpscaleItem<T>> items, IProgress<int>? finished, CancellationToken cancellation)
    where T : unmanaged
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Exception> _failures = [];
    private ExceptionDispatchInfo? _callersFailure;
    private int _begun;
    private volatile bool _isStopped;

    /// <summary>Works on all images. The first upscaler works on the thread of this call, each other one on a thread of its own.</summary>
    /// <param name="upscalers">The upscalers, which the caller has reserved.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop, and not all images were finished.</exception>
    /// <exception cref="UpscaleBatchException">Some images failed.</exception>
    public void Run(IReadOnlyList<Upscaler> upscalers)
    {
        var others = new Task[Math.Clamp(items.Count, 1, upscalers.Count) - 1];
        for (int i = 0; i < others.Length; i++)
        {
            Upscaler upscaler = upscalers[i + 1];
            others[i] = Task.Factory.StartNew(() => Work(upscaler), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Work(upscalers[0]);
        Task.WaitAll(others);
        _callersFailure?.Throw();
        if (_isStopped)
            cancellation.ThrowIfCancellationRequested();
        FailWhatIsLeft();
        if (_failures.Count > 0)
            throw new UpscaleBatchException(_failures, items.Count);
    }

    // It throws nothing. An upscaler whose device failed takes no more images.
    private void Work(Upscaler upscaler)
    {
        try
        {
            while (!_isStopped && Volatile.Read(ref _begun) < items.Count)
            {
                cancellation.ThrowIfCancellationRequested();
                int index = Interlocked.Increment(ref _begun) - 1;
                if (index >= items.Count)
                    return;
                Exception? failure = Upscale(upscaler, index);
                if (failure is null)
                    finished?.Report(index);
                else if (upscaler.CannotGoOnAfter(failure))
                    return;
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _isStopped = true;
        }
        catch (Exception e)
        {
            // What the caller's own code throws ends the batch.
            lock (_lock)
                _callersFailure ??= ExceptionDispatchInfo.Capture(e);
            _isStopped = true;
        }
    }

    // If an image fails, the others go on.
    private Exception? Upscale(Upscaler upscaler, int index)
    {
        try
        {
            upscaler.UpscaleReserved(items[index], cancellation);
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            lock (_lock)
                _failures.Add(index, e);
            return e;
        }
    }

    // Images are left where no upscaler could go on.
    private void FailWhatIsLeft()
    {
        // (Whoever began the last one would have gone on, but for its device.)
        Exception? last = _failures.Values.LastOrDefault();
        for (int index = _begun; index < items.Count; index++)
            _failures.Add(index, new DeviceException($"It was not begun, as no device was left: {last!.Message}", last));
    }
}
