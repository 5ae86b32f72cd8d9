using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>A thread of a soak: an upscaler of its own, images of changing sizes, and now and then something that goes wrong.</summary>
/// <param name="thread">Which thread it is; its random numbers start from it.</param>
/// <param name="model">The model that all threads share.</param>
/// <param name="device">The device that all threads share.</param>
/// <param name="memory">Takes the device's memory at times.</param>
/// <param name="results">Takes what happens.</param>
internal sealed class SoakWorker(int thread, GsasrModel model, Device device, SoakMemory memory, SoakResults results)
{
    private readonly Random _random = new(thread);

    /// <summary>How images are worked on; every other worker cuts them into small tiles.</summary>
    public static UpscalerOptions Options(int thread) => new() { MaximumTilePixels = thread % 2 == 0 ? 0 : 48 * 48, TileOverlap = 12 };

    /// <summary>Works until it is over, and leaves nothing behind.</summary>
    /// <param name="isOver">Whether to end.</param>
    public void Work(Func<bool> isOver)
    {
        try
        {
            while (!isOver())
                WorkWithUpscaler(isOver);
        }
        catch (Exception e)
        {
            results.Report($"thread {thread}: {e}");
        }
    }

    private void WorkWithUpscaler(Func<bool> isOver)
    {
        int moment = memory.Now();
        try
        {
            using var upscaler = new Upscaler(model, device, Options(thread));
            while (!isOver())
                WorkOnImage(upscaler, new SoakImage(_random.Next(SoakImage.Count)));
        }
        catch (DeviceMemoryException) when (memory.WasShortSince(moment))
        {
            // There was no room for the weights.
            Thread.Sleep(10);
        }
    }

    private void WorkOnImage(Upscaler upscaler, SoakImage image)
    {
        int moment = memory.Now();
        using var cancellation = new CancellationTokenSource();
        var trouble = new Trouble(_random, cancellation);
        try
        {
            byte[] pixels = image.Upscale(upscaler, trouble.Receive, trouble, cancellation.Token);
            results.Add(image, isField: false, upscaler.LastPlan!, pixels, memory.WasShortSince(moment));
            if (!image.BecomesField)
                return;
            moment = memory.Now();
            pixels = image.DrawField(upscaler, cancellation.Token);
            results.Add(image, isField: true, upscaler.LastPlan!, pixels, memory.WasShortSince(moment));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            results.AddCancelled();
        }
        catch (Exception e) when (e == trouble.Failure)
        {
            results.AddFailed();
        }
        catch (DeviceMemoryException) when (memory.WasShortSince(moment))
        {
            results.AddOutOfMemory();
        }
    }

    // Of ten images one is cancelled after a share of the work and one after some time, and the caller's code fails in two, in one of them as if it had
    // run out of memory itself.
    private sealed class Trouble : IProgress<double>
    {
        private readonly int _kind;
        private readonly double _share;
        private readonly CancellationTokenSource _cancellation;

        public Trouble(Random random, CancellationTokenSource cancellation)
        {
            _kind = random.Next(10);
            _share = random.NextDouble();
            _cancellation = cancellation;
            if (_kind == 1)
                cancellation.CancelAfter(random.Next(1000));
        }

        public Exception? Failure { get; private set; }

        public void Report(double value)
        {
            if (value < _share)
                return;
            if (_kind == 0)
                _cancellation.Cancel();
            if (_kind == 2)
                Fail();
        }

        public void Receive()
        {
            if (_kind == 3)
                Fail();
        }

        private void Fail()
        {
            if (Failure is not null)
                throw new InvalidOperationException("Work went on after the caller's code had failed.");
            Failure = _share < 0.5 ? new IOException("failed on purpose") : new DeviceMemoryException("out of memory on purpose");
            throw Failure;
        }
    }
}
