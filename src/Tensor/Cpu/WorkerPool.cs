using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>Threads that run kernels together with the caller's. Items are taken one by one, so uneven ones even out.</summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _start = new(0);
    private readonly CountdownEvent _done = new(1);

    private delegate*<void*, int, int, void> _execute;
    private void* _kernel;
    private int _items;
    private int _next;
    private volatile bool _stopping;
    private ExceptionDispatchInfo? _failure;

    public WorkerPool(int threads)
    {
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"Gsasr worker {worker}" };
            _threads[i].Start();
        }
    }

    public int Threads => _threads.Length + 1;

    public void Run<TKernel>(in TKernel kernel, int items)
        where TKernel : unmanaged, ICpuKernel
    {
        TKernel copy = kernel;
        if (_threads.Length == 0 || items <= 1)
        {
            for (int item = 0; item < items; item++)
                copy.Execute(item, 0);
            return;
        }

        // The copy on this stack frame outlives all workers' use of it, because Run waits for them.
        _kernel = &copy;
        _execute = &Execute<TKernel>;
        _items = items;
        _next = 0;
        int helpers = Math.Min(_threads.Length, items - 1);
        _done.Reset(helpers);
        _start.Release(helpers);
        TakeItems(0);
        _done.Wait();
        _kernel = null;
        if (_failure is not null)
        {
            ExceptionDispatchInfo failure = _failure;
            _failure = null;
            failure.Throw();
        }
    }

    public void Dispose()
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
    }

    private static void Execute<TKernel>(void* kernel, int item, int worker)
        where TKernel : unmanaged, ICpuKernel => Unsafe.AsRef<TKernel>(kernel).Execute(item, worker);

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
            int item;
            while ((item = Interlocked.Increment(ref _next) - 1) < _items)
                _execute(_kernel, item, worker);
        }
        catch (Exception e)
        {
            // Raised again on the caller's thread; the other items need not run.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            Volatile.Write(ref _next, _items);
        }
    }
}
