using System.Diagnostics;
using System.Linq.Expressions;
using System.Reflection;
using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Kernel = Gsasr.Tensors.Kernel;

namespace Gsasr.Layers.Tests;

/// <summary>
/// Runs the C# of the kernels on the processor, a thread for each item of a group, one group after the other: with ILGPU's CPU accelerator
/// and with what our instructions do in software. Slow, but it has tensor cores, which the OpenCL devices of a build machine have not.
/// Tests on it are one collection, so that one runs at a time: what the items of a warp show each other lies in one place for all devices.
/// </summary>
internal sealed class SoftwareGpu : GpuDevice
{
    private const int LargestGroup = 1024;
    private const int WarpSize = 32;

    private static readonly Assembly s_kernels = Assembly.Load("Gsasr.Layers.Kernels");

    private readonly Context _context = Context.Create(
        builder => builder.CPU(new CPUDevice(WarpSize, LargestGroup / WarpSize, numMultiprocessors: 1)));

    private readonly CPUAccelerator _accelerator;
    private readonly Dictionary<nint, MemoryBuffer1D<byte, Stride1D.Dense>> _memory = [];

    private readonly NvidiaTarget _hardware;
    private readonly int _sharedBytes;

    private SoftwareGpu(string hardware, int sharedKibibytes)
    {
        _hardware = NvidiaTarget.Parse(hardware);
        _sharedBytes = sharedKibibytes << 10;
        _accelerator = _context.CreateCPUAccelerator(0, CPUAcceleratorMode.Parallel);
    }

    /// <summary>The one that all tests share: Hopper, which has the most instructions.</summary>
    public static SoftwareGpu Shared { get; } = new("sm_90a", 227);

    /// <summary>The hardware from Ampere to Hopper that gives a group the least shared memory.</summary>
    public static SoftwareGpu Ampere { get; } = new("sm_86", 99);

    /// <summary>The oldest hardware that the kernels are for.</summary>
    public static SoftwareGpu Turing { get; } = new("sm_75", 64);

    public override string Name => "a GPU in software";

    public override string Driver => "ILGPU";

    public override DeviceKind Kind => DeviceKind.Cuda;

    // Of two, tests of a few groups use tiles of every size.
    public override int ProcessorCount => 2;

    public override long MemoryBytes => 1L << 32;

    public override bool Supports(Kernel kernel) =>
        kernel.SharedBytes + kernel.DynamicSharedBytes <= _sharedBytes && kernel.Target?.RunsOn(_hardware.Major, _hardware.Minor) != false;

    public override void Synchronize()
    {
        Flush();
        _accelerator.Synchronize();
    }

    public override GpuEvent RecordEvent() => throw new NotSupportedException("Time tells nothing here.");

    private protected override void Close()
    {
        ReleaseGraphs();
        ReleaseBuffers();
        _accelerator.Dispose();
        _context.Dispose();
    }

    private protected override GpuKernel LoadKernel(Kernel kernel, bool mayCompile) => new Loaded(kernel, _accelerator, Find(kernel.Name));

    private protected override bool HasGraphs => true;

    private protected override GpuGraph CreateGraph(LaunchSequence sequence) =>
        new CopiedGraph(sequence, launches => launches.ForEach((kernel, groups, _, arguments) => LaunchKernel(kernel, groups, arguments)), release: () => { });

    private protected override void LaunchKernel(GpuKernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments)
    {
        var loaded = (Loaded)kernel;
        var values = new object[2 + arguments.Length];
        values[0] = _accelerator.DefaultStream;
        var grid = new Index3D(groups.X, groups.Y, groups.Z);
        var group = new Index3D(kernel.Kernel.GroupSize, 1, 1);
        int dynamicBytes = kernel.Kernel.DynamicSharedBytes;
        values[1] = dynamicBytes == 0 ? new KernelConfig(grid, group) : new KernelConfig(grid, group, SharedMemoryConfig.RequestDynamic<byte>(dynamicBytes));
        for (int i = 0; i < arguments.Length; i++)
            values[i + 2] = Value(arguments[i], loaded.Parameters[i].ParameterType);

        SoftwareCopies.Reset(atOnce: !NvidiaTarget.Ampere.RunsOn(_hardware.Major, _hardware.Minor));

        // Kernels that are not for tensor cores alone make addresses beyond the end for loads that a condition then forbids, which ILGPU's
        // checks of indices do not let pass.
        TraceListener[] checks = kernel.Kernel.Target is null ? [.. Trace.Listeners.Cast<TraceListener>()] : [];
        try
        {
            foreach (TraceListener check in checks)
                Trace.Listeners.Remove(check);
            loaded.Launch.DynamicInvoke(values);
            _accelerator.Synchronize();
        }
        finally
        {
            Trace.Listeners.AddRange(checks);
        }
    }

    private protected override GpuBuffer CreateBuffer(long byteLength) => new Memory(this, byteLength);

    private static MethodInfo Find(string name)
    {
        string[] parts = name.Split('.');
        foreach (MethodInfo method in s_kernels.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public)))
        {
            foreach (KernelAttribute attribute in method.GetCustomAttributes<KernelAttribute>())
            {
                if (method.Name == parts[0] && attribute.Specialization?.Name == parts.ElementAtOrDefault(1))
                    return attribute.Specialization is Type type ? method.MakeGenericMethod(type) : method;
            }
        }

        throw new ArgumentException($"There is no kernel {name} in {s_kernels.Location}.", nameof(name));
    }

    private object Value(KernelArgument argument, Type type)
    {
        if (!argument.IsView)
            return type == typeof(float) ? BitConverter.Int32BitsToSingle((int)argument.Offset) : (object)(int)argument.Offset;
        MemoryBuffer1D<byte, Stride1D.Dense> memory = _memory[argument.Handle];
        if (type == typeof(ArrayView<short>))
            return View<short>();
        if (type == typeof(ArrayView<int>))
            return View<int>();
        return type == typeof(ArrayView<float>) ? View<float>() : throw new NotSupportedException($"An argument of type {type}.");

        ArrayView<T> View<T>()
            where T : unmanaged => memory.AsRawArrayView().Cast<T>().SubView(argument.Offset, argument.Length);
    }

    private sealed class Loaded : GpuKernel
    {
        public Loaded(Kernel kernel, CPUAccelerator accelerator, MethodInfo method)
            : base(kernel)
        {
            Parameters = method.GetParameters();
            Type launch = Expression.GetDelegateType(
                [typeof(AcceleratorStream), typeof(KernelConfig), .. Parameters.Select(parameter => parameter.ParameterType), typeof(void)]);
            Launch = (Delegate)typeof(ILGPU.Runtime.Kernel).GetMethod("CreateLauncherDelegate")!.MakeGenericMethod(launch)
                .Invoke(accelerator.LoadKernel(method), null)!;
        }

        public ParameterInfo[] Parameters { get; }

        public Delegate Launch { get; }
    }

    private sealed unsafe class Memory(SoftwareGpu device, long byteLength) : GpuBuffer(device, byteLength)
    {
        private MemoryBuffer1D<byte, Stride1D.Dense> _memory = null!;

        private protected override nint DriverHandle => _memory.NativePtr;

        private protected override void Store(ReadOnlySpan<byte> source, long byteOffset)
        {
            device.Flush();
            source.CopyTo(new Span<byte>((byte*)_memory.NativePtr + byteOffset, source.Length));
        }

        private protected override void Fetch(Span<byte> destination, long byteOffset)
        {
            device.Flush();
            new ReadOnlySpan<byte>((byte*)_memory.NativePtr + byteOffset, destination.Length).CopyTo(destination);
        }

        private protected override void AllocateMemory()
        {
            _memory = device._accelerator.Allocate1D<byte>(ByteLength);
            device._memory.Add(_memory.NativePtr, _memory);
        }

        private protected override void Release()
        {
            device._memory.Remove(_memory.NativePtr);
            _memory.Dispose();
        }
    }
}
