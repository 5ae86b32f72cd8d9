using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>
/// The format of torch.save before version 1.6: five pickles (a magic number, a version, properties of the writing machine, the saved
/// value, the list of storage keys) and then, in the list's order, each storage's count (8 bytes) and values.
/// </summary>
internal static class LegacyArchiveReader
{
    private static readonly BigInteger Magic =
        BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public static PyTorchArchive Read(SeekableBytes bytes)
    {
        var head = new byte[Math.Min(bytes.Length, PickleInterpreter.MaxBytes)];
        bytes.Read(0, head);
        PickleResult magic = PickleInterpreter.Run(head, 0, bytes.Source);
        if (!Magic.Equals(magic.Root))
            throw new CheckpointFormatException($"{bytes.Source} is a pickle, but none that torch.save has written.");
        PickleResult version = PickleInterpreter.Run(head, magic.End, bytes.Source);
        if (version.Root is not 1001L)
            throw new CheckpointFormatException($"{bytes.Source} is of a version of PyTorch's old format that is not known.");
        PickleResult machine = PickleInterpreter.Run(head, version.End, bytes.Source);
        if (machine.Root is not PickleDictionary properties
            || !properties.TryGet("little_endian", out object? littleEndian) || littleEndian is not true)
        {
            throw new CheckpointFormatException($"{bytes.Source} was written on a big-endian machine; only little-endian data is read.");
        }

        PickleResult saved = PickleInterpreter.Run(head, machine.End, bytes.Source);
        PickleResult keys = PickleInterpreter.Run(head, saved.End, bytes.Source);
        if (keys.Root is not List<object?> keyList)
            throw new CheckpointFormatException($"{bytes.Source}: the list of storages is missing.");
        return new PyTorchArchive(saved.Root, LocateAll(bytes, keys.End, keyList, saved.Storages));
    }

    private static Dictionary<string, StoredBytes> LocateAll(
        SeekableBytes bytes, long position, List<object?> keys, IReadOnlyDictionary<string, StorageReference> storages)
    {
        var places = new Dictionary<string, StoredBytes>(StringComparer.Ordinal);
        Span<byte> countBytes = stackalloc byte[sizeof(long)];
        foreach (object? key in keys)
        {
            if (key is not string text || !storages.TryGetValue(text, out StorageReference? storage) || places.ContainsKey(text))
                throw new CheckpointFormatException($"{bytes.Source}: the list of storages does not fit the tensors.");
            bytes.Read(position, countBytes);
            position += countBytes.Length;
            long count = BinaryPrimitives.ReadInt64LittleEndian(countBytes);
            if (count != storage.Count)
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source}: the storage {Quote.Name(text)} should hold {storage.Count} values and claims {count}.");
            }

            int size = storage.ElementType.Size();
            if (count > (bytes.Length - position) / size)
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source} is cut short: {bytes.Length - position} bytes are left for {count} {storage.ElementType} values. "
                    + "Copy or download it again.");
            }

            // This format has no checksums.
            places.Add(text, new StoredBytes(text, position, count * size, checksum: 0));
            position += count * size;
        }

        if (places.Count != storages.Count)
            throw new CheckpointFormatException($"{bytes.Source}: {storages.Count - places.Count} storages are missing.");
        if (position != bytes.Length)
            throw new CheckpointFormatException($"{bytes.Source}: {bytes.Length - position} bytes follow the last storage; refused.");
        return places;
    }
}
