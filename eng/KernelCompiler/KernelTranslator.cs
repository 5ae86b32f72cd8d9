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

/// <summary>Compiles kernels with ILGPU's backends, without any device.</summary>
internal static class KernelTranslator
{
    // A PTX version that every driver since 2022 reads. ILGPU always writes the target sm_80; PtxText corrects it.
    private static readonly CudaInstructionSet s_ptxVersion = new(8, 0);

    /// <summary>Compiles a kernel.</summary>
    /// <exception cref="KernelException">It cannot be compiled.</exception>
    public static CompiledKernel Translate(KernelEntry entry)
    {
        try
        {
            // A context remembers what it compiled before and then optimises differently. So every kernel has a context of its own, and two
            // builds give the same bytes.
            using Backends backends = new(entry.Attribute.Optimization == 1 ? OptimizationLevel.O1 : OptimizationLevel.O2);
            EntryPointDescription description = EntryPointDescription.FromExplicitlyGroupedKernel(entry.Method);
            int? groups = entry.Attribute.GroupsPerProcessor is > 0 and int count ? count : null;
            var specialization = new KernelSpecialization(entry.Attribute.GroupSize, groups);
            var ptxKernel = (PTXCompiledKernel)backends.Ptx.Compile(description, specialization, new UnrollHook());
            string ptx = PtxText.Correct(ptxKernel.PTXAssembly, entry.Attribute);
            string? openCl = null;
            if (entry.Attribute.Target is null)
            {
                var openClKernel = (CLCompiledKernel)backends.OpenCl.Compile(
                    description, new KernelSpecialization(entry.Attribute.GroupSize, null), new UnrollHook());
                openCl = OpenClText.Correct(openClKernel.Source, entry.Attribute);
            }

            return new CompiledKernel(entry, ptx, openCl, PtxText.SharedBytes(ptx));
        }
        catch (Exception e)
        {
            // The innermost of ILGPU's exceptions says what is wrong.
            Exception cause = e.GetBaseException();
            if (cause is AggregateException { InnerExceptions.Count: > 0 } several)
                cause = several.InnerExceptions[0].GetBaseException();
            throw entry.Error(cause.Message);
        }
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
