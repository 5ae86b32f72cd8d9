using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>
/// Takes nearly all memory of a device for moments, as another program or another thread does, so that allocations fail and plans shrink; and lets a
/// single call of the processor fail for lack of memory, as a GPU's driver may at any call.
/// </summary>
/// <param name="device">The device.</param>
internal sealed class SoakMemory(Device device)
{
    private const int MostLeftBytes = 24 << 20;

    private readonly Random _random = new(77);
    private int _events;
    private int _isFailing;
    private volatile bool _isShort;

    /// <summary>Remembers the moment before an image begins; see <see cref="WasShortSince"/>.</summary>
    public int Now() => _isShort ? -1 : Volatile.Read(ref _events);

    /// <summary>Whether memory was short at any time since a moment, which an image may then fail for.</summary>
    /// <param name="moment">What <see cref="Now"/> returned.</param>
    public bool WasShortSince(int moment) => moment < 0 || _isShort || Volatile.Read(ref _events) != moment;

    /// <summary>Takes and returns memory until it is over.</summary>
    /// <param name="isOver">Whether to end.</param>
    public void Work(Func<bool> isOver)
    {
        while (!isOver())
        {
            Wait(isOver, _random.Next(4000));
            _isShort = true;
            Interlocked.Increment(ref _events);
            if (device is CpuDevice cpu && _random.Next(3) == 0)
                FailOnce(cpu, isOver);
            else
                TakeMemory(isOver);
            _isShort = false;
        }
    }

    private void FailOnce(CpuDevice cpu, Func<bool> isOver)
    {
        Volatile.Write(ref _isFailing, 1);
        cpu.BeforeCall = () =>
        {
            if (Interlocked.Exchange(ref _isFailing, 0) == 1)
                throw new DeviceMemoryException("No memory is left, on purpose.");
        };
        while (Volatile.Read(ref _isFailing) == 1 && !isOver())
            Thread.Sleep(1);
        cpu.BeforeCall = null;
    }

    private void TakeMemory(Func<bool> isOver)
    {
        long bytes = device.AvailableMemoryBytes - _random.Next(MostLeftBytes);
        try
        {
            using DeviceBuffer? taken = bytes > 0 ? device.Allocate(bytes) : null;
            Wait(isOver, _random.Next(500));
        }
        catch (DeviceMemoryException)
        {
            // Another thread was faster: memory is short anyway.
        }
    }

    private static void Wait(Func<bool> isOver, int milliseconds)
    {
        for (long end = Environment.TickCount64 + milliseconds; Environment.TickCount64 < end && !isOver();)
            Thread.Sleep(5);
    }
}
