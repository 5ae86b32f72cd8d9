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
        var storages = new Dictionary<string, StoredBytes>(StringComparer.Ordinal);
        foreach (StorageReference storage in pickle.Storages.Values)
        {
            StoredBytes place = directory.Locate($"{folder}/data/{storage.Key}");
            if (storage.Count > place.Length / storage.ElementType.Size())
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source}: the storage {Quote.Name(storage.Key)} should hold {storage.Count} {storage.ElementType} values "
                    + $"and has {place.Length} bytes.");
            }

            storages.Add(storage.Key, place);
        }

        return new PyTorchArchive(pickle.Root, storages);
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
        StoredBytes order = directory.Locate(name);
        if (order.Length != "little"u8.Length || !order.Read(bytes).AsSpan().SequenceEqual("little"u8))
            throw new CheckpointFormatException($"{bytes.Source} was written on a big-endian machine; only little-endian data is read.");
    }

    private static PickleResult ReadPickle(ZipDirectory directory, string name, SeekableBytes bytes)
    {
        StoredBytes place = directory.Locate(name);
        if (place.Length > PickleInterpreter.MaxBytes)
        {
            throw new CheckpointFormatException(
                $"{bytes.Source}: the pickle has {place.Length} bytes; at most {PickleInterpreter.MaxBytes} are read.");
        }

        byte[] content = place.Read(bytes);
        PickleResult pickle = PickleInterpreter.Run(content, 0, bytes.Source);
        if (pickle.End != content.Length)
            throw new CheckpointFormatException($"{bytes.Source}: {content.Length - pickle.End} bytes follow the end of the pickle; refused.");
        return pickle;
    }
}
