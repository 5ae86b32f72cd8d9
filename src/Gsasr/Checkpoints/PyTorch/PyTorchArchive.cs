namespace Gsasr.Checkpoints.PyTorch;

/// <summary>What a file written by torch.save describes, and where in the file each of its storages lies.</summary>
/// <param name="Root">The saved value.</param>
/// <param name="Storages">The bytes of each storage, by key; every storage is whole and within the file.</param>
internal sealed record PyTorchArchive(object? Root, IReadOnlyDictionary<string, StoredBytes> Storages)
{
    /// <summary>Tells the formats apart by the first bytes.</summary>
    public static PyTorchArchive Read(SeekableBytes bytes)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(bytes.Length, 64)];
        bytes.Read(0, start);
        if (start.StartsWith("PK"u8))
            return ZipArchiveReader.Read(bytes);
        if (start.Length > 2 && start[0] == 0x80)
            return LegacyArchiveReader.Read(bytes);
        string what = start switch
        {
            [] => "is empty",
            [(byte)'<', ..] => "is a web page, not a checkpoint: perhaps what a site shows instead of a download",
            _ when start.StartsWith("version https://git-lfs"u8) => "is a Git LFS pointer, not the checkpoint itself: run 'git lfs pull'",
            _ => "is no PyTorch checkpoint: it begins neither as a ZIP archive nor as a pickle",
        };
        throw new CheckpointFormatException($"{bytes.Source} {what}.");
    }
}
