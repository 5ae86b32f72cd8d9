using Gsasr.Kernels;
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
    // The oldest hardware that the kernels are for, and the one after it, which has more instructions.
    private const string Turing = "sm_75";
    private const string Ampere = "sm_80";

    // A PTX version that every driver since 2022 reads. ILGPU always writes the target sm_80; PtxText corrects it.
    private static readonly CudaInstructionSet s_ptxVersion = new(8, 0);

    /// <summary>Compiles a kernel.</summary>
    /// <exception cref="KernelException">It cannot be compiled.</exception>
    public static CompiledKernel Translate(KernelEntry entry)
    {
        try
        {
            using Backends backends = new(entry.Attribute, forTuring: false);
            string uncorrected = backends.CompilePtx(entry);
            string ptx = PtxText.Correct(uncorrected, entry.Attribute, entry.Attribute.Target ?? Turing);
            string? turingPtx = null;
            if (entry.Attribute.Target == Turing)
            {
                using Backends turing = new(entry.Attribute, forTuring: true);
                turingPtx = PtxText.Correct(turing.CompilePtx(entry), entry.Attribute, Turing);
                if (turingPtx == ptx)
                    turingPtx = null;
                else
                    ptx = PtxText.Correct(uncorrected, entry.Attribute, Ampere);
            }

            string? openCl = entry.Attribute.Target is null ? backends.CompileOpenCl(entry) : null;
            return new CompiledKernel(entry, ptx, turingPtx, openCl, PtxText.SharedBytes(ptx));
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

    // A context remembers what it compiled before and then optimises differently. So every text of PTX has a context of its own, and two builds
    // give the same bytes.
    private sealed class Backends : IDisposable
    {
        private readonly Context _context;
        private readonly PTXBackend _ptx;
        private readonly CLBackend _openCl;

        public Backends(KernelAttribute attribute, bool forTuring)
        {
            _context = Context.Create(builder =>
            {
                OptimizationLevel level = attribute.Optimization == 1 ? OptimizationLevel.O1 : OptimizationLevel.O2;
                builder.EnableAlgorithms().Optimize(level).Inlining(InliningMode.Aggressive).Math(MathMode.Default);
                InstructionEmitter.Register(builder, forTuring);
            });
            _ptx = new PTXBackend(_context, new CudaArchitecture(9, 0), s_ptxVersion, null!);
            var capabilities = new CLCapabilityContext(false, false, false, false, false);
            _openCl = new CLBackend(_context, capabilities, CLDeviceVendor.Other, new CLCVersion(1, 2));
        }

        public string CompilePtx(KernelEntry entry)
        {
            int? groups = entry.Attribute.GroupsPerProcessor is > 0 and int count ? count : null;
            var specialization = new KernelSpecialization(entry.Attribute.GroupSize, groups);
            return ((PTXCompiledKernel)_ptx.Compile(Describe(entry), specialization, new UnrollHook())).PTXAssembly;
        }

        public string CompileOpenCl(KernelEntry entry)
        {
            var specialization = new KernelSpecialization(entry.Attribute.GroupSize, null);
            var kernel = (CLCompiledKernel)_openCl.Compile(Describe(entry), specialization, new UnrollHook());
            return OpenClText.Correct(kernel.Source, entry.Attribute);
        }

        public void Dispose()
        {
            _ptx.Dispose();
            _openCl.Dispose();
            _context.Dispose();
        }

        private static EntryPointDescription Describe(KernelEntry entry) => EntryPointDescription.FromExplicitlyGroupedKernel(entry.Method);
    }
}
