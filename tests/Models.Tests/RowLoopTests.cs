using Gsasr.Pipeline;

namespace Gsasr.Models.Tests;

/// <summary>Loops over rows on several threads.</summary>
public sealed class RowLoopTests
{
    [Fact]
    public void The_loop_waits_for_all_its_threads_even_when_the_callers_is_interrupted()
    {
        using var started = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        bool rowsAreDone = false, wasInterrupted = false;
        var caller = new Thread(() =>
        {
            int itself = Environment.CurrentManagedThreadId;
            bool helperIsDone = false;
            new RowLoop().Run(100, 10_000, _ =>
            {
                // The caller goes on when another thread has a row, and that one holds its row back.
                if (Environment.CurrentManagedThreadId == itself)
                {
                    while (!started.IsSet)
                        Thread.SpinWait(100);
                    return;
                }

                started.Set();
                release.Wait();
                Volatile.Write(ref helperIsDone, true);
            });
            rowsAreDone = Volatile.Read(ref helperIsDone);
            try
            {
                Thread.Sleep(0);
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                wasInterrupted = true;
            }
        });
        caller.Start();
        Assert.True(started.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

        // Now or soon the caller waits.
        Thread.Sleep(50);
        caller.Interrupt();
        Thread.Sleep(50);
        release.Set();
        Assert.True(caller.Join(TimeSpan.FromMinutes(1)));
        Assert.True(rowsAreDone);
        Assert.True(wasInterrupted);
    }
}
