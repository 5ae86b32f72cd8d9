using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>
/// The format that torch.save writes since version 1.6: a ZIP archive of FOLDER/data.pkl and, uncompressed, FOLDER/data/KEY for each
/// storage.
/// </summary>
internal static class ZipArchiveReader
{
    private const string PickleName = "/data.pkl";

    public static PyTorchArchive Read(SeekableBytes bytes)
    {
        ZipDirectory directory = ZipDirectory.Read(bytes);
        string folder = FindFolder(directory, bytes.Source);
        if (directory.Contains($"{folder}/constants.pkl"))
        {
            throw new CheckpointFormatException(
                $"{bytes.Source} is a TorchScript program; its code is not run. Save the module's state_dict() instead.");
        }

        CheckByteOrder(directory, $"{folder}/byteorder", bytes);
        PickleResult pickle = ReadPickle(directory, folder + PickleName, bytes);
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (StorageReference storage in pickle.Storages.Values)
        {
            (long offset, long length) = directory.Locate($"{folder}/data/{storage.Key}");
            if (storage.Count > length / storage.ElementType.Size())
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source}: the storage {Quote.Name(storage.Key)} should hold {storage.Count} {storage.ElementType} values "
                    + $"and has {length} bytes.");
            }

            offsets.Add(storage.Key, offset);
        }

        return new PyTorchArchive(pickle.Root, offsets);
    }

    private static string FindFolder(ZipDirectory directory, string source)
    {
        string[] pickles = [.. directory.Names.Where(name =>
            name.EndsWith(PickleName, StringComparison.Ordinal)
            && name.IndexOf('/', StringComparison.Ordinal) == name.Length - PickleName.Length)];
        return pickles.Length == 1
            ? pickles[0][..^PickleName.Length]
            : throw new CheckpointFormatException(
                $"{source} is a ZIP archive but no PyTorch checkpoint: {pickles.Length} of its folders hold a data.pkl, not 1.");
    }

    private static void CheckByteOrder(ZipDirectory directory, string name, SeekableBytes bytes)
    {
        if (!directory.Contains(name))
            return;
        (long offset, long length) = directory.Locate(name);
        Span<byte> order = stackalloc byte["little"u8.Length];
        if (length == order.Length)
            bytes.Read(offset, order);
        if (!order.SequenceEqual("little"u8))
            throw new CheckpointFormatException($"{bytes.Source} was written on a big-endian machine; only little-endian data is read.");
    }

    private static PickleResult ReadPickle(ZipDirectory directory, string name, SeekableBytes bytes)
    {
        (long offset, long length) = directory.Locate(name);
        if (length > PickleInterpreter.MaxBytes)
        {
            throw new CheckpointFormatException(
                $"{bytes.Source}: the pickle has {length} bytes; at most {PickleInterpreter.MaxBytes} are read.");
        }

        var content = new byte[length];
        bytes.Read(offset, content);
        PickleResult pickle = PickleInterpreter.Run(content, 0, bytes.Source);
        if (pickle.End != length)
            throw new CheckpointFormatException($"{bytes.Source}: {length - pickle.End} bytes follow the end of the pickle; refused.");
        return pickle;
    }
}
