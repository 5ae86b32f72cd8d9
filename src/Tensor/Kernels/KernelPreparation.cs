using System.Runtime.ExceptionServices;

namespace Gsasr.Tensors;

/// <summary>Loads kernels on as many threads as there are processors, because a driver's compiler works on one.</summary>
/// <param name="device">The device.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="cancellation">Stops before the next kernel.</param>
internal sealed class KernelPreparation(GpuDevice device, IReadOnlyList<Kernel> kernels, CancellationToken cancellation)
{
    private int _taken;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Loads the kernels and returns when that is done. Those that cannot be loaded are left to their launches.</summary>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed of.</exception>
    public void Run()
    {
        // Threads of the pool may all be busy, waiting for the picture that waits for the kernels.
        var helpers = new Thread[Math.Min(kernels.Count, Environment.ProcessorCount) - 1];
        for (int i = 0; i < helpers.Length; i++)
        {
            helpers[i] = new Thread(LoadNext) { IsBackground = true };
            helpers[i].Start();
        }

        LoadNext();
        foreach (Thread helper in helpers)
            helper.Join();
        _failure?.Throw();
        cancellation.ThrowIfCancellationRequested();
    }

    private void LoadNext()
    {
        while (_failure is null && !cancellation.IsCancellationRequested)
        {
            int next = Interlocked.Increment(ref _taken) - 1;
            if (next >= kernels.Count)
                return;
            try
            {
                device.Prepare(kernels[next]);
            }
            catch (DeviceException)
            {
                // A driver may refuse what several threads ask of it at once. The launch asks again, alone, and reports what is wrong.
            }
            catch (Exception e)
            {
                _failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
    }
}
