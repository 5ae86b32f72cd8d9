using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;

namespace Gsasr.KernelCompiler;

/// <summary>
/// Unrolls loops whose bounds are constants, for both backends alike, so that arrays indexed in them become registers. ILGPU has
/// the transformation but leaves it out of its own pipeline; run before that, it finds the loops as they were written.
/// </summary>
internal readonly struct UnrollHook : IBackendHook
{
    // Every pass unrolls the innermost loops that are left.
    private const int DeepestNesting = 4;

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
        builder.Add(new Inliner());
        builder.Add(new SimplifyControlFlow());
        builder.Add(new SSAConstruction());
        builder.Add(new DeadCodeElimination());
        for (int i = 0; i < DeepestNesting; i++)
        {
            builder.Add(new LoopUnrolling());
            builder.Add(new UnreachableCodeElimination());
            builder.Add(new DeadCodeElimination());
            builder.Add(new SimplifyControlFlow());
        }

        kernelContext.Transform(builder.ToTransformer());
    }

    public void FinishedCodeGeneration(IRContext context, Method entryPoint)
    {
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
    }
}
