using System.Diagnostics;
using System.Threading.Channels;
using Gsasr.Cli.Models;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// Works on many pictures. While one is drawn, the next is read and the last is written, and the rows of a picture are written while the
/// rest of it is drawn. Devices are opened and the model is recognised while the first picture is decoded. Each device has one worker for each
/// of the three stages, and one picture may wait between two stages, so that few pictures are in memory at once; where --memory is for all
/// that the program takes, it is one. All devices take from the same queue, so a faster one takes more.
/// </summary>
/// <param name="request">What is asked for.</param>
/// <param name="plan">What is to be done.</param>
/// <param name="reporter">Takes what there is to say.</param>
internal sealed class BatchPipeline(UpscaleRequest request, UpscalePlan plan, Reporter reporter) : IDisposable
{
    private readonly PictureReader _reader = new(request, plan.Template);
    private readonly Channel<PictureWork> _read = Bounded<PictureWork>(request.Devices.Count);
    private readonly Channel<Drawing> _drawn = Bounded<Drawing>(request.Devices.Count);

    // A picture is read in its turn. With --memory there is one turn until a device is found to be a GPU, else there are enough for all.
    private readonly SemaphoreSlim _turns = new(request.Memory is null ? plan.Pictures.Count + 1 : 1);

    // Ends when the first picture to draw is found, so that devices can be opened before its pixels are decoded. There may be none.
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _modelLock = new();
    private Task<GsasrModel>? _model;
    private int _next;

    /// <summary>Works on all pictures. If one of them fails, that is reported, and the others go on.</summary>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop; no output is half written.</exception>
    /// <exception cref="DeviceException">A device is not there, or does not work at all.</exception>
    /// <exception cref="Checkpoints.CheckpointFormatException">The model cannot be read.</exception>
    /// <exception cref="IOException">The model is not there.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await Task.WhenAll(
                RunStageAsync(_ => ReadAsync(stop.Token), _read.Writer, stop),
                RunStageAsync(device => DrawAsync(device, stop.Token), _drawn.Writer, stop),
                RunStageAsync<PictureWork>(_ => WriteAsync(stop.Token), null, stop)).ConfigureAwait(false);
        }
        finally
        {
            while (_read.Reader.TryRead(out PictureWork? work))
                work.Dispose();
            while (_drawn.Reader.TryRead(out Drawing? drawing))
                drawing.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    private static Channel<T> Bounded<T>(int capacity) => Channel.CreateBounded<T>(capacity);

    // A stage has a worker for each device. When its last worker has ended, the next stage gets nothing more. When one fails, all stop.
    private async Task RunStageAsync<T>(Func<string, Task> worker, ChannelWriter<T>? results, CancellationTokenSource stop)
    {
        try
        {
            await Task.WhenAll(request.Devices.Select(device => Task.Run(async () =>
            {
                try
                {
                    await worker(device).ConfigureAwait(false);
                }
                catch
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    throw;
                }
            }))).ConfigureAwait(false);
        }
        finally
        {
            results?.TryComplete();
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        for (int i = Interlocked.Increment(ref _next) - 1; i < plan.Pictures.Count; i = Interlocked.Increment(ref _next) - 1)
        {
            await _turns.WaitAsync(cancellation).ConfigureAwait(false);
            PlannedPicture picture = plan.Pictures[i];
            FileReport report = reporter.Begin(picture.Number, picture.Input.Path, picture.Output);
            if (Try(report, () => _reader.Read(picture, report, Found, cancellation)) is not { } work)
            {
                _turns.Release();
                continue;
            }

            work.Ended = () => _turns.Release();
            try
            {
                await _read.Writer.WriteAsync(work, cancellation).ConfigureAwait(false);
            }
            catch
            {
                work.Dispose();
                throw;
            }
        }
    }

    // What loads the weights and what decodes take memory at once, which they must not where --memory is for both.
    private void Found()
    {
        if (request.Memory is null)
            _found.TrySetResult();
    }

    private async Task DrawAsync(string device, CancellationToken cancellation)
    {
        Task<bool> decoded = _read.Reader.WaitToReadAsync(cancellation).AsTask();
        await Task.WhenAny(_found.Task, decoded).ConfigureAwait(false);
        if (!_found.Task.IsCompleted && !await decoded.ConfigureAwait(false))
            return;

        // A device that failed is opened again. If that fails too, the cause is not a picture.
        do
        {
            using DeviceSession? session = await OpenAsync(device, decoded, cancellation).ConfigureAwait(false);
            if (session is null)
                return;
            if (!session.LimitsProgram)
                _turns.Release(plan.Pictures.Count);
            while (!session.HasFailed && await _read.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
            {
                if (_read.Reader.TryRead(out PictureWork? work))
                    await DrawAsync(session, work, cancellation).ConfigureAwait(false);
            }

            decoded = _read.Reader.WaitToReadAsync(cancellation).AsTask();
        }
        while (await decoded.ConfigureAwait(false));
    }

    // Opens a device while the first picture is decoded. That it cannot be opened matters only if there is a picture for it, so what is
    // wrong with pictures is said first; null if there is none.
    private async Task<DeviceSession?> OpenAsync(string device, Task<bool> decoded, CancellationToken cancellation)
    {
        try
        {
            return await DeviceSession.OpenAsync(device, ModelAsync(cancellation), request, reporter, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (await decoded.ConfigureAwait(false))
                throw;
            return null;
        }
    }

    private async Task DrawAsync(DeviceSession session, PictureWork work, CancellationToken cancellation)
    {
        var drawing = new Drawing(work, new RowQueue(cancellation), session.ModelName, session.DeviceName, session.Precision);
        try
        {
            await _drawn.Writer.WriteAsync(drawing, cancellation).ConfigureAwait(false);
        }
        catch
        {
            drawing.Rows.Complete();
            drawing.Dispose();
            throw;
        }

        // From here on the worker that writes is responsible for the picture. It learns from the rows if something goes wrong.
        try
        {
            session.Draw(work, request.Size.Scale, drawing.Rows);
            drawing.Rows.Complete();
        }
        catch (Exception e)
        {
            drawing.Rows.Complete(e);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        ImageWriteOptions options = request.Writing with { Cancellation = cancellation };
        await foreach (Drawing drawing in _drawn.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            using (drawing)
                Try(drawing.Work.Report, () => Write(drawing, options));
        }
    }

    private static Drawing Write(Drawing drawing, ImageWriteOptions options)
    {
        PictureWork work = drawing.Work;
        work.Target.Complete(stream =>
        {
            ImageMetadata metadata = work.Image.Metadata.ForSize(work.Output.Width, work.Output.Height);
            ImageWriter writer = ImageWriter.Create(stream, work.Format, work.Output, metadata, options);
            foreach (RowBand band in drawing.Rows.TakeAll())
            {
                using (band)
                    band.WriteTo(writer);
            }

            work.Report.Stage(WorkStage.Writing);
            writer.Complete();
        });
        work.Report.Finished(
            (work.Image.Width, work.Image.Height), (work.Output.Width, work.Output.Height), drawing.Model, drawing.Device, drawing.Precision,
            Stopwatch.GetElapsedTime(work.Start).TotalSeconds);
        return drawing;
    }

    // If a picture fails, only the work on that picture ends. If its output came into being meanwhile, it may not have failed.
    private T? Try<T>(FileReport report, Func<T?> step)
        where T : class
    {
        try
        {
            return step();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (e is not IOException || !_reader.TrySkip(report))
                report.Failed(Failures.Describe(e));
            return null;
        }
    }

    // Recognises the model, once for all devices and while they are opened.
    private Task<GsasrModel> ModelAsync(CancellationToken cancellation)
    {
        lock (_modelLock)
        {
            if (_model is null)
            {
                reporter.Report(new StageStarted(WorkStage.LoadingModel, Detail: request.Model));
                _model = Task.Run(() => ModelStore.Load(request.Model, cancellation), cancellation);
            }

            return _model;
        }
    }

    // A picture that is written while a device draws it.
    private sealed record Drawing(PictureWork Work, RowQueue Rows, string Model, string Device, Precision Precision) : IDisposable
    {
        public void Dispose()
        {
            Rows.Dispose();
            Work.Dispose();
        }
    }
}
