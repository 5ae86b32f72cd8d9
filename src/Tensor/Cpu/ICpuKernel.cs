namespace Gsasr.Tensors.Cpu;

/// <summary>Work in independent items, which several threads run at once. A kernel is a plain struct of pointers and sizes.</summary>
internal unsafe interface ICpuKernel
{
    /// <summary>
    /// Does one item. Items may run in any order and on any thread. If one throws, the kernel ends when the items that have begun are done,
    /// and the exception is thrown on the thread that ran the kernel.
    /// </summary>
    /// <param name="item">The item, from 0.</param>
    /// <param name="scratch">
    /// The thread's scratch memory, on a boundary of 256 bytes and with undefined contents, as large as <see cref="CpuDevice.Run"/> was
    /// asked for.
    /// </param>
    void Execute(int item, byte* scratch);
}
