using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gsasr.KernelCompiler;

/// <summary>Compiles kernels with ILGPU's backends, without any device. Not for more than one thread at a time.</summary>
internal sealed class KernelTranslator : IDisposable
{
    // A PTX version that every driver since 2022 reads. ILGPU writes the target sm_80 whatever it is asked for; PtxText mends it.
    private static readonly CudaInstructionSet s_ptxVersion = new(8, 0);

    private readonly Dictionary<int, Backends> _backends = [];

    private KernelTranslator()
    {
    }

    public static KernelTranslator New() => new();

    /// <summary>Compiles a kernel.</summary>
    /// <exception cref="KernelException">It cannot be compiled; the translator cannot be used afterwards.</exception>
    public CompiledKernel Translate(KernelEntry entry)
    {
        int level = entry.Attribute.Optimization;
        if (!_backends.TryGetValue(level, out Backends? backends))
            _backends.Add(level, backends = new Backends(level == 1 ? OptimizationLevel.O1 : OptimizationLevel.O2));
        try
        {
            EntryPointDescription description = EntryPointDescription.FromExplicitlyGroupedKernel(entry.Method);
            int? groups = entry.Attribute.GroupsPerProcessor is > 0 and int count ? count : null;
            var specialization = new KernelSpecialization(entry.Attribute.GroupSize, groups);
            var ptxKernel = (PTXCompiledKernel)backends.Ptx.Compile(description, specialization, new UnrollHook());
            string ptx = PtxText.Mend(ptxKernel.PTXAssembly, entry.Attribute);
            string? openCl = null;
            if (entry.Attribute.Target is null)
            {
                var openClKernel = (CLCompiledKernel)backends.OpenCl.Compile(
                    description, new KernelSpecialization(entry.Attribute.GroupSize, null), new UnrollHook());
                openCl = OpenClText.Mend(openClKernel.Source, entry.Attribute);
            }

            return new CompiledKernel(entry, ptx, openCl, PtxText.SharedBytes(ptx));
        }
        catch (Exception e)
        {
            // What ILGPU means is the innermost of its exceptions.
            Exception cause = e.GetBaseException();
            if (cause is AggregateException { InnerExceptions.Count: > 0 } several)
                cause = several.InnerExceptions[0].GetBaseException();
            throw entry.Error(cause.Message);
        }
    }

    public void Dispose()
    {
        foreach (Backends backends in _backends.Values)
            backends.Dispose();
        _backends.Clear();
    }

    private sealed class Backends : IDisposable
    {
        private readonly Context _context;

        public Backends(OptimizationLevel level)
        {
            _context = Context.Create(builder =>
            {
                builder.EnableAlgorithms().Optimize(level).Inlining(InliningMode.Aggressive).Math(MathMode.Default);
                InstructionEmitter.Register(builder);
            });
            Ptx = new PTXBackend(_context, new CudaArchitecture(9, 0), s_ptxVersion, null!);
            var capabilities = new CLCapabilityContext(false, false, false, false, false);
            OpenCl = new CLBackend(_context, capabilities, CLDeviceVendor.Other, new CLCVersion(1, 2));
        }

        public PTXBackend Ptx { get; }

        public CLBackend OpenCl { get; }

        public void Dispose()
        {
            Ptx.Dispose();
            OpenCl.Dispose();
            _context.Dispose();
        }
    }
}
