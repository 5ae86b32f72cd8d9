namespace Gsasr.Checkpoints.PyTorch;

/// <summary>What a pickle describes.</summary>
/// <param name="Root">The value that it leaves.</param>
/// <param name="Storages">All storages that it mentions, by key.</param>
/// <param name="End">Where it ends: the offset after its last byte.</param>
internal sealed record PickleResult(object? Root, IReadOnlyDictionary<string, StorageReference> Storages, int End);
