namespace Gsasr.Tensors;

/// <summary>The arguments of a kernel, by name; the kernel compiler writes one such type for every kernel.</summary>
internal interface IKernelArguments
{
    /// <summary>Adds the arguments in the order of the kernel's parameters.</summary>
    /// <param name="arguments">Where they go.</param>
    void WriteTo(ref KernelArguments arguments);
}
