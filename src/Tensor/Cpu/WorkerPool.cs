using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>
/// Threads that run kernels together with the caller's. Each thread takes the next item when it is free, so uneven items even out. Any
/// number of threads may call: their kernels run one after the other, each on all threads.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private readonly CpuDevice _device;
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _start = new(0);
    private readonly CountdownEvent _done = new(1);

    // Held while a kernel runs. What follows belongs to that kernel.
    private readonly Lock _running = new();
    private CpuBuffer? _scratch;
    private long _scratchStride;
    private delegate*<void*, int, byte*, void> _execute;
    private void* _kernel;
    private long _items;
    private long _next;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;

    /// <summary>Starts the threads.</summary>
    /// <param name="device">The device whose memory is used for scratch memory.</param>
    /// <param name="threads">How many threads run at once, the caller's among them.</param>
    public WorkerPool(CpuDevice device, int threads)
    {
        _device = device;
        _threads = new Thread[threads - 1];

        // The first wait that lasts allocates the objects of all further ones. It should not be one in a frame of a game.
        if (_threads.Length > 0)
            _done.Wait(millisecondsTimeout: 1);
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"Gsasr worker {worker}" };
        }

        int started = 0;
        try
        {
            for (; started < _threads.Length; started++)
                _threads[started].Start();
        }
        catch
        {
            // The system gives no more threads, so those that were started are ended.
            _threads = _threads[..started];
            Dispose();
            throw;
        }
    }

    public int Threads => _threads.Length + 1;

    /// <summary>Runs all items of a kernel and returns when no thread works on it any more.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="items">How many items there are.</param>
    /// <param name="scratchBytes">Bytes of scratch memory for each thread; 0 for none.</param>
    public void Run<TKernel>(in TKernel kernel, int items, long scratchBytes)
        where TKernel : unmanaged, ICpuKernel
    {
        TKernel copy = kernel;
        lock (_running)
        {
            _device.ThrowIfDisposed();
            if (_kernel is not null)
                throw new InvalidOperationException("A kernel cannot run another kernel.");
            if (scratchBytes > 0)
                ReserveScratch(scratchBytes);

            // Workers use this copy on the stack. It lives long enough, because this method waits for them whatever happens.
            _kernel = &copy;
            _execute = &Execute<TKernel>;
            _items = items;
            _next = 0;
            int helpers = (int)Math.Clamp(items - 1L, 0, _threads.Length);
            if (helpers > 0)
            {
                _done.Reset(helpers);
                _start.Release(helpers);
            }

            TakeItems(0);
            if (helpers > 0)
                WaitForHelpers();
            _kernel = null;
            if (_failure is not null)
            {
                ExceptionDispatchInfo failure = _failure;
                _failure = null;
                failure.Throw();
            }
        }
    }

    /// <summary>Waits for the kernel under way and ends the threads.</summary>
    public void Dispose()
    {
        lock (_running)
        {
            if (_stopping)
                return;
            _stopping = true;
            if (_threads.Length > 0)
                _start.Release(_threads.Length);
            foreach (Thread thread in _threads)
                thread.Join();
            _start.Dispose();
            _done.Dispose();
            _scratch?.Dispose();
            _scratch = null;
        }
    }

    private static void Execute<TKernel>(void* kernel, int item, byte* scratch)
        where TKernel : unmanaged, ICpuKernel => Unsafe.AsRef<TKernel>(kernel).Execute(item, scratch);

    private void ReserveScratch(long bytes)
    {
        _scratchStride = (bytes + CpuBuffer.Alignment - 1) / CpuBuffer.Alignment * CpuBuffer.Alignment;
        long needed = checked(_scratchStride * Threads);
        if (_scratch is not null && _scratch.ByteLength >= needed)
            return;
        _scratch?.Dispose();
        _scratch = null;
        _scratch = (CpuBuffer)_device.Allocate(needed);
    }

    // The wait goes on when it is interrupted, because the workers use this thread's stack. The interruption is raised again afterwards.
    private void WaitForHelpers()
    {
        bool interrupted = false;
        while (true)
        {
            try
            {
                _done.Wait();
                break;
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        }

        if (interrupted)
            Thread.CurrentThread.Interrupt();
    }

    private void Work(int worker)
    {
        while (true)
        {
            _start.Wait();
            if (_stopping)
                return;
            TakeItems(worker);
            _done.Signal();
        }
    }

    private void TakeItems(int worker)
    {
        try
        {
            byte* scratch = _scratch is null ? null : _scratch.Memory + worker * _scratchStride;
            long item;
            while ((item = Interlocked.Increment(ref _next) - 1) < _items)
                _execute(_kernel, (int)item, scratch);
        }
        catch (Exception e)
        {
            // Thrown again on the caller's thread. The other items need not run.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            Interlocked.Exchange(ref _next, _items);
        }
    }
}
