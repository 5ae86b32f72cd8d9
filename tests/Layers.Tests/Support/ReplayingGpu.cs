using System.Runtime.InteropServices;
using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>A device whose driver makes graphs, and whose kernels all double a number.</summary>
internal sealed class ReplayingGpu : GpuDevice
{
    private static readonly Kernel<Arguments> s_double = KernelNamed("Double");

    private readonly LaunchSequence.LaunchAction _launch;

    /// <summary>A device that is open, or that is being opened.</summary>
    /// <param name="open">What its driver does to open it, on another thread; null if it is open.</param>
    public ReplayingGpu(Action? open = null)
    {
        _launch = (kernel, groups, _, arguments) => LaunchKernel(kernel, groups, arguments);
        if (open is not null)
            BeginOpening(open);
    }

    /// <summary>How many kernels were started one by one.</summary>
    public int SingleLaunches { get; private set; }

    /// <summary>Whether the driver makes graphs.</summary>
    public bool MakesGraphs { get; set; } = true;

    /// <summary>How many graphs there are.</summary>
    public int Graphs { get; private set; }

    /// <summary>How often a kernel was loaded, or was to be.</summary>
    public int Loads { get; private set; }

    /// <summary>Called when a kernel is compiled; kernels are found compiled while it is null.</summary>
    public Action<Kernel>? OnCompile { get; set; }

    /// <summary>How many allocations fail from now on.</summary>
    public int FailingAllocations { get; set; }

    /// <summary>How many uploads fail from now on.</summary>
    public int FailingUploads { get; set; }

    /// <summary>How many blocks of memory the driver has given and not got back.</summary>
    public int Blocks { get; private set; }

    /// <summary>How often the driver's objects were released.</summary>
    public int Closings { get; private set; }

    /// <summary>What each launch of the last graph waits for.</summary>
    public IReadOnlyList<LaunchOrder> Orders { get; private set; } = [];

    /// <summary>Called when a graph is launched.</summary>
    public Action? OnReplay { get; set; }

    public override string Name => "a GPU that replays";

    public override string Driver => "none";

    public override DeviceKind Kind => DeviceKind.Cuda;

    public override int ProcessorCount => 1;

    public override long MemoryBytes => 1 << 30;

    private protected override bool HasGraphs => true;

    public override bool Supports(Kernel kernel) => true;

    /// <summary>A kernel that doubles the first number of a buffer.</summary>
    /// <param name="name">Its name.</param>
    public static Kernel<Arguments> KernelNamed(string name) => new(typeof(ReplayingGpu).Assembly, name, $"Kernel_{name}")
    {
        GroupSize = 1,
        GroupsPerProcessor = 0,
        SharedBytes = 0,
        DynamicSharedBytes = 0,
        Target = null,
        HasTuringPtx = false,
        AwaitsEarlierLaunches = false,
    };

    /// <summary>Doubles the first number of a buffer.</summary>
    /// <param name="buffer">The buffer.</param>
    public void Double(DeviceBuffer buffer) => Double(buffer, s_double);

    /// <summary>Doubles the first number of a buffer.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="kernel">The kernel that does it.</param>
    public void Double(DeviceBuffer buffer, Kernel<Arguments> kernel) => Launch(kernel, new WorkSize(1), new Arguments { Number = new(buffer) });

    public override void Synchronize() => Flush();

    public override GpuEvent RecordEvent()
    {
        Flush();
        return new Event();
    }

    private protected override void Close()
    {
        Closings++;
        ReleaseGraphs();
        ReleaseBuffers();
    }

    private protected override GpuKernel? LoadKernel(Kernel kernel, bool mayCompile)
    {
        if (OnCompile is not null && !mayCompile)
            return null;
        Loads++;
        OnCompile?.Invoke(kernel);
        return new LoadedKernel(kernel);
    }

    private protected override unsafe void LaunchKernel(GpuKernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments)
    {
        SingleLaunches++;
        if (kernel.Kernel is Kernel<Arguments>)
            *(float*)arguments[0].Handle *= 2;
    }

    private protected override GpuGraph? CreateGraph(LaunchSequence sequence)
    {
        if (!MakesGraphs)
            return null;
        Graphs++;
        var orders = new List<LaunchOrder>();
        sequence.ForEach((_, _, order, _) => orders.Add(order));
        Orders = orders;
        return new CopiedGraph(sequence, Replay, release: () => Graphs--);
    }

    private void Replay(LaunchSequence launches)
    {
        OnReplay?.Invoke();
        int before = SingleLaunches;
        launches.ForEach(_launch);
        SingleLaunches = before;
    }

    private protected override GpuBuffer CreateBuffer(long byteLength) => new Memory(this, byteLength);

    public struct Arguments : IKernelArguments
    {
        public BufferView<float> Number { get; init; }

        public readonly void WriteTo(ref KernelArguments arguments) => arguments.Add(Number);
    }

    private sealed class LoadedKernel(Kernel kernel) : GpuKernel(kernel);

    private sealed class Event : GpuEvent
    {
        public override double MillisecondsSince(GpuEvent start) => 0;

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed unsafe class Memory(ReplayingGpu device, long byteLength) : GpuBuffer(device, byteLength)
    {
        private void* _memory;

        private protected override nint DriverHandle => (nint)_memory;

        private protected override void Store(ReadOnlySpan<byte> source, long byteOffset)
        {
            device.Flush();
            if (device.FailingUploads-- > 0)
                throw new DeviceMemoryException("Nothing is left for uploads.");
            source.CopyTo(new Span<byte>((byte*)_memory + byteOffset, source.Length));
        }

        private protected override void Fetch(Span<byte> destination, long byteOffset)
        {
            device.Flush();
            new ReadOnlySpan<byte>((byte*)_memory + byteOffset, destination.Length).CopyTo(destination);
        }

        private protected override void AllocateMemory()
        {
            if (device.FailingAllocations-- > 0)
                throw new DeviceMemoryException("Nothing is left.");
            _memory = NativeMemory.AllocZeroed((nuint)ByteLength);
            device.Blocks++;
        }

        private protected override void Release()
        {
            NativeMemory.Free(_memory);
            device.Blocks--;
        }
    }
}
