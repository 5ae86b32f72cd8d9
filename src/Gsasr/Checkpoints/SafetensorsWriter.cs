using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Gsasr.Tensors;
using Gsasr.Tensors.Files;

namespace Gsasr.Checkpoints;

/// <summary>
/// Writes safetensors files. The bytes depend on names, values and metadata alone: tensors are ordered by size of their values
/// (so that each is aligned to it) and then by name, metadata by key.
/// </summary>
internal static class SafetensorsWriter
{
    private const int HeaderAlignment = 8;

    /// <summary>
    /// Writes all tensors of a checkpoint into a file, in their element types. The file appears complete or not at all (<see cref="AtomicFile"/>).
    /// </summary>
    /// <param name="path">Where to write.</param>
    /// <param name="checkpoint">The tensors.</param>
    /// <param name="metadata">Notes by key.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    /// <exception cref="CheckpointFormatException">A tensor's data cannot be read.</exception>
    public static void Write(string path, Checkpoint checkpoint, IReadOnlyDictionary<string, string> metadata, bool overwrite) =>
        AtomicFile.Write(path, stream => Write(stream, checkpoint, metadata), overwrite);

    /// <summary>Writes all tensors of a checkpoint, in their element types.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="checkpoint">The tensors.</param>
    /// <param name="metadata">Notes by key.</param>
    /// <exception cref="ArgumentException">A tensor has a name that the format keeps for itself.</exception>
    /// <exception cref="CheckpointFormatException">A tensor's data cannot be read.</exception>
    public static void Write(Stream stream, Checkpoint checkpoint, IReadOnlyDictionary<string, string> metadata)
    {
        TensorInfo[] tensors =
        [
            .. checkpoint.Tensors.Values
                .OrderByDescending(tensor => tensor.ElementType.Size())
                .ThenBy(tensor => tensor.Name, StringComparer.Ordinal),
        ];
        byte[] header = BuildHeader(tensors, metadata);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorInfo tensor in tensors)
        {
            var bytes = new byte[tensor.ByteCount];
            checkpoint.ReadBytes(tensor.Name, bytes);
            stream.Write(bytes);
        }
    }

    private static byte[] BuildHeader(TensorInfo[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (TensorInfo tensor in tensors)
            {
                WriteTensor(json, tensor, offset);
                offset += tensor.ByteCount;
            }

            json.WriteEndObject();
        }

        // The format allows spaces after the object, so that the data can begin at a multiple of its values' size.
        var padded = new byte[(buffer.WrittenCount + HeaderAlignment - 1) / HeaderAlignment * HeaderAlignment];
        padded.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        return padded;
    }

    private static void WriteTensor(Utf8JsonWriter json, TensorInfo tensor, long offset)
    {
        if (tensor.Name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException($"A tensor cannot be named {tensor.Name} in a safetensors file.", nameof(tensor));
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", SafetensorsHeader.NameOf(tensor.ElementType));
        json.WriteStartArray("shape");
        foreach (int extent in tensor.Shape)
            json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + tensor.ByteCount);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
