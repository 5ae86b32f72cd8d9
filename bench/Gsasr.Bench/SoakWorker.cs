using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>A thread of a soak: an upscaler of its own, images of changing sizes, and now and then something that goes wrong.</summary>
/// <param name="thread">Which thread it is; its random numbers start from it.</param>
/// <param name="model">The model that all threads share.</param>
/// <param name="device">The device that all threads share.</param>
/// <param name="results">Takes what happens.</param>
internal sealed class SoakWorker(int thread, GsasrModel model, Device device, SoakResults results)
{
    // Few enough that each input comes again and again.
    private const int Images = 40;

    private readonly Random _random = new(thread);

    // Every other worker has little memory, and so works in tiles and strips.
    private readonly long _maximumTilePixels = thread % 2 == 0 ? 0 : 48 * 48;

    /// <summary>Works until it is over, and leaves nothing behind.</summary>
    /// <param name="isOver">Whether to end.</param>
    public void Work(Func<bool> isOver)
    {
        try
        {
            using var upscaler = new Upscaler(model, device, new UpscalerOptions { MaximumTilePixels = _maximumTilePixels, TileOverlap = 12 });
            while (!isOver())
                WorkOnImage(upscaler, _random.Next(Images));
        }
        catch (Exception e)
        {
            results.Report($"thread {thread}: {e}");
        }
    }

    private void WorkOnImage(Upscaler upscaler, int index)
    {
        var sizes = new Random(1000 + index);
        int width = sizes.Next(1, 90);
        int height = sizes.Next(1, 90);
        double scale = 1 + sizes.Next(40) / 10.0;
        PixelLayout layout = (PixelLayout)sizes.Next(4);
        var pixels = new byte[width * height * layout.ChannelCount()];
        sizes.NextBytes(pixels);
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, scale);
        var output = new byte[outputWidth * outputHeight * layout.ChannelCount()];
        using var cancellation = new CancellationTokenSource();
        var trouble = new Trouble(_random.Next(10), _random.NextDouble(), cancellation);
        try
        {
            upscaler.Upscale<byte>(
                new(pixels, width, height, layout), new(output, outputWidth, outputHeight, layout), scale, trouble, cancellation.Token);
            if (trouble.RanOut)
                results.AddOutOfMemory();

            results.Compare($"image {index} of {width} x {height} {layout} x{scale:0.0}", upscaler.LastPlan!, output);
            if (index % 8 == 0)
                WorkOnField(upscaler, pixels, width, height, layout);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            results.AddCancelled();
        }
        catch (TroubleException)
        {
            results.AddFailed();
        }
        catch (DeviceMemoryException) when (trouble.RanOut)
        {
            // There were no smaller tiles for the image.
            results.AddOutOfMemory();
        }
    }

    // A field outlives the call that made it, and is drawn twice with the same bits.
    private void WorkOnField(Upscaler upscaler, byte[] pixels, int width, int height, PixelLayout layout)
    {
        using GaussianField field = upscaler.BuildField<byte>(new(pixels, width, height, layout), 2);
        var view = FieldView.At(0, 0, width, height, 3);
        var first = new byte[view.OutputWidth * view.OutputHeight * 3];
        var second = new byte[first.Length];
        field.Render<byte>(view, new(first, view.OutputWidth, view.OutputHeight, PixelLayout.Rgb));
        field.Render<byte>(view, new(second, view.OutputWidth, view.OutputHeight, PixelLayout.Rgb));
        if (!first.AsSpan().SequenceEqual(second))
            results.Report($"a field of {width} x {height} pixels is drawn differently the second time.");
    }

    // Of ten images one is cancelled, one fails in the caller's code, and one runs out of memory, somewhere.
    private sealed class Trouble(int kind, double place, CancellationTokenSource cancellation) : IProgress<double>
    {
        private bool _isOver;

        public bool RanOut { get; private set; }

        public void Report(double value)
        {
            if (_isOver || value < place)
                return;
            _isOver = true;
            switch (kind)
            {
                case 0:
                    cancellation.Cancel();
                    break;
                case 1:
                    throw new TroubleException();
                case 2 when value < 1:
                    RanOut = true;
                    throw new DeviceMemoryException("memory ran out on purpose");
            }
        }
    }

    private sealed class TroubleException : Exception
    {
    }
}
