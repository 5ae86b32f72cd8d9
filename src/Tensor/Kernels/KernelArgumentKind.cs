namespace Gsasr.Tensors;

/// <summary>What a parameter of a kernel holds.</summary>
internal enum KernelArgumentKind : byte
{
    Buffer,
    Int32,
    Float32,
}
