namespace Gsasr.Tensors.Cpu;

/// <summary>Work in independent items, run by several threads at once. A kernel is a plain struct of pointers and sizes.</summary>
public interface ICpuKernel
{
    /// <summary>Does one item. Items may run in any order and on any thread; none may throw.</summary>
    /// <param name="item">The item, from 0.</param>
    /// <param name="worker">The thread that runs it, from 0 to <see cref="CpuDevice.Threads"/> - 1: an index for scratch memory.</param>
    void Execute(int item, int worker);
}
