namespace Gsasr.Cli.Tests.Reporting;

/// <summary>A clock that stands still until it is told to go on. Its timers run while it goes on, a second after the other.</summary>
internal sealed class ManualClock : TimeProvider
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    private readonly List<Timer> _timers = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Assert.Equal((s_step, s_step), (dueTime, period));
        var timer = new Timer(callback, state, _timers);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Lets whole seconds pass.</summary>
    public void Pass(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _now += s_step;
            foreach (Timer timer in _timers.ToArray())
                timer.Run();
        }
    }

    private sealed class Timer(TimerCallback callback, object? state, List<Timer> timers) : ITimer
    {
        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose() => timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
