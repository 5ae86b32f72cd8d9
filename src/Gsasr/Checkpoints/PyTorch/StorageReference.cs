using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>A run of values that one or more tensors are views of.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="ElementType">What it holds.</param>
/// <param name="Count">How many.</param>
internal sealed record StorageReference(string Key, ElementType ElementType, long Count);
