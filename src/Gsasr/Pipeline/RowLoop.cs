namespace Gsasr.Pipeline;

/// <summary>
/// Runs a loop over rows on several threads of the pool, like <see cref="Parallel"/>, but without allocating anything, unless the pool
/// starts a thread. It is used by one thread at a time.
/// </summary>
internal sealed class RowLoop : IThreadPoolWorkItem
{
    // Fewer pixels are done before other threads have begun.
    private const long LeastForThreads = 1 << 16;

    // The rows that nobody has taken yet: the first of them in the upper half, the one after the last in the lower half.
    private long _rows;
    private int _helpers;
    private Action<int> _body = static _ => { };

    /// <summary>Runs the loop and waits for its end.</summary>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="width">Pixels of a row that take time.</param>
    /// <param name="body">What is done for each of them, in any order; throws nothing.</param>
    public void Run(int rows, int width, Action<int> body)
    {
        _body = body;
        Volatile.Write(ref _rows, rows);
        int threads = (long)rows * width < LeastForThreads ? 1 : Math.Min(Environment.ProcessorCount, rows);
        for (int i = threads - 1; i > 0; i--)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        TakeRows();

        WaitForHelpers();
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Increment(ref _helpers);
        TakeRows();
        Interlocked.Decrement(ref _helpers);
    }

    // Threads that have not begun will find nothing left to do, so only the others are waited for. They may use memory that is fixed only
    // until this returns: the wait goes on when it is interrupted, and the interruption is raised again afterwards.
    private void WaitForHelpers()
    {
        bool interrupted = false;
        var wait = default(SpinWait);
        while (Volatile.Read(ref _helpers) > 0)
        {
            try
            {
                wait.SpinOnce();
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        }

        if (interrupted)
            Thread.CurrentThread.Interrupt();
    }

    private void TakeRows()
    {
        while (true)
        {
            long rows = Volatile.Read(ref _rows);
            int first = (int)(rows >> 32);
            if (first >= (int)rows)
                return;
            if (Interlocked.CompareExchange(ref _rows, rows + (1L << 32), rows) == rows)
                _body(first);
        }
    }
}
