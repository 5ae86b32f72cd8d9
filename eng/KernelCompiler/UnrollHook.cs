using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;

namespace Gsasr.KernelCompiler;

/// <summary>
/// Unrolls loops whose bounds are constants, for both backends, so that arrays indexed in them become registers. ILGPU has the
/// transformation but does not use it. Here it runs before ILGPU's own, while the loops are still as they were written.
/// </summary>
internal readonly struct UnrollHook : IBackendHook
{
    // Each pass unrolls the innermost loops that are left.
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
