using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Testing;

/// <summary>Writes checkpoints as torch.save does: a ZIP archive of a pickle and one uncompressed entry per tensor.</summary>
internal static class PyTorchWriter
{
    /// <summary>Writes encoder.pth and decoder.pth of a model into a folder.</summary>
    public static void WriteModel(string folder, Checkpoint model)
    {
        foreach (string role in (string[])["encoder", "decoder"])
        {
            using FileStream file = File.Create(Path.Combine(folder, $"{role}.pth"));
            Write(file, model, role, $"{role}.");
        }
    }

    /// <summary>Writes the tensors whose names begin with a prefix, without it, under "params_ema".</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="checkpoint">The tensors.</param>
    /// <param name="archiveName">The folder inside the archive.</param>
    /// <param name="prefix">How the wanted names begin.</param>
    public static void Write(Stream stream, Checkpoint checkpoint, string archiveName, string prefix = "")
    {
        TensorInfo[] tensors = [.. checkpoint.Tensors.Values.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))];
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        WriteEntry(archive, $"{archiveName}/data.pkl", WritePickle(tensors, prefix.Length));
        WriteEntry(archive, $"{archiveName}/byteorder", "little"u8);
        for (int i = 0; i < tensors.Length; i++)
        {
            var bytes = new byte[tensors[i].ByteCount];
            checkpoint.ReadBytes(tensors[i].Name, bytes);
            WriteEntry(archive, $"{archiveName}/data/{i}", bytes);
        }

        WriteEntry(archive, $"{archiveName}/version", "3\n"u8);
    }

    private static void WriteEntry(ZipArchive archive, string name, ReadOnlySpan<byte> content)
    {
        using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
        entry.Write(content);
    }

    private static byte[] WritePickle(TensorInfo[] tensors, int prefixLength)
    {
        var pickle = new MemoryStream();
        pickle.Write([0x80, 2, (byte)'}']);
        WriteText(pickle, "params_ema");
        WriteEmptyOrderedDictionary(pickle);
        pickle.WriteByte((byte)'(');
        for (int i = 0; i < tensors.Length; i++)
        {
            WriteText(pickle, tensors[i].Name[prefixLength..]);
            WriteTensor(pickle, tensors[i], $"{i}");
        }

        pickle.Write("us."u8);
        return pickle.ToArray();
    }

    private static void WriteTensor(MemoryStream pickle, TensorInfo tensor, string key)
    {
        string storage = tensor.ElementType switch
        {
            ElementType.Float32 => "FloatStorage",
            ElementType.Float64 => "DoubleStorage",
            ElementType.Float16 => "HalfStorage",
            ElementType.BFloat16 => "BFloat16Storage",
            ElementType.Int64 => "LongStorage",
            _ => throw new NotSupportedException($"No test writes {tensor.ElementType} values."),
        };
        pickle.Write("ctorch._utils\n_rebuild_tensor_v2\n(("u8);
        WriteText(pickle, "storage");
        pickle.Write(Encoding.ASCII.GetBytes($"ctorch\n{storage}\n"));
        WriteText(pickle, key);
        WriteText(pickle, "cpu");
        WriteInteger(pickle, (int)tensor.Count);
        pickle.Write("tQ"u8);
        WriteInteger(pickle, 0);
        WriteTuple(pickle, tensor.Shape);
        var strides = new int[tensor.Shape.Count];
        for (int axis = strides.Length - 1, stride = 1; axis >= 0; stride *= tensor.Shape[axis], axis--)
            strides[axis] = stride;
        WriteTuple(pickle, strides);
        pickle.WriteByte(0x89);
        WriteEmptyOrderedDictionary(pickle);
        pickle.Write("tR"u8);
    }

    private static void WriteEmptyOrderedDictionary(MemoryStream pickle) => pickle.Write("ccollections\nOrderedDict\n)R"u8);

    private static void WriteTuple(MemoryStream pickle, IReadOnlyList<int> values)
    {
        pickle.WriteByte((byte)'(');
        foreach (int value in values)
            WriteInteger(pickle, value);
        pickle.WriteByte((byte)'t');
    }

    private static void WriteInteger(MemoryStream pickle, int value)
    {
        Span<byte> bytes = stackalloc byte[5];
        bytes[0] = (byte)'J';
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], value);
        pickle.Write(bytes);
    }

    private static void WriteText(MemoryStream pickle, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> bytes = stackalloc byte[5];
        bytes[0] = (byte)'X';
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], utf8.Length);
        pickle.Write(bytes);
        pickle.Write(utf8);
    }
}
