namespace Gsasr.Tensors.Cpu;

/// <summary>Scratch memory of a <see cref="CpuDevice"/>: one block for each of its threads.</summary>
/// <param name="Memory">The block of worker 0, on a boundary of 256 bytes.</param>
/// <param name="Stride">Bytes from one worker's block to the next's, a multiple of 256.</param>
public readonly unsafe record struct CpuScratch(nint Memory, long Stride)
{
    /// <summary>The first byte of a worker's block.</summary>
    /// <param name="worker">The worker, from 0.</param>
    public byte* Of(int worker) => (byte*)Memory + worker * Stride;
}
