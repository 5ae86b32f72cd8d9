using System.Text.Json;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file, held to the format's rules: no key twice, nothing unknown, every tensor's bytes are as
/// many as its shape and type need, and the tensors fill the data without gap or overlap.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const int MaxTensors = 65_536;
    private const int MaxRank = 16;

    /// <summary>The key that holds notes in place of a tensor.</summary>
    public const string MetadataKey = "__metadata__";

    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _offsets = new(StringComparer.Ordinal);
    private readonly string _source;

    private SafetensorsHeader(string source) => _source = source;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Where each tensor begins, in bytes from the start of the data.</summary>
    public IReadOnlyDictionary<string, long> Offsets => _offsets;

    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string source)
    {
        // The format forbids white space before the object and allows it after.
        if (json.IsEmpty || json[0] != (byte)'{')
            throw new CheckpointFormatException($"{source} is no safetensors file: its header is not a JSON object.");

        var header = new SafetensorsHeader(source);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            header.ReadEntries(ref reader);
            if (reader.Read())
                throw header.Invalid("something follows its object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The reader reports malformed text by the one and text that is not valid Unicode by the other.
            throw new CheckpointFormatException($"{source}: the safetensors header is not valid JSON.", error);
        }

        header.CheckOffsets(dataLength);
        return header;
    }

    private void ReadEntries(ref Utf8JsonReader reader)
    {
        bool metadataSeen = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Invalid($"{Quote.Name(name)} is not an object");
            if (name == MetadataKey)
            {
                if (metadataSeen)
                    throw Invalid($"{MetadataKey} appears twice");
                metadataSeen = true;
                ReadMetadata(ref reader);
                continue;
            }

            if (_tensors.ContainsKey(name))
                throw Invalid($"tensor {Quote.Name(name)} appears twice");
            if (_tensors.Count == MaxTensors)
                throw Invalid($"it names more than {MaxTensors} tensors");
            ReadTensor(ref reader, name);
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Invalid($"the metadata {Quote.Name(key)} is not a string");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Invalid($"the metadata {Quote.Name(key)} appears twice");
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string? elementTypeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            reader.Read();
            bool first = key switch
            {
                "dtype" => elementTypeName is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => throw Invalid($"tensor {Quote.Name(name)} has an unknown property {Quote.Name(key)}"),
            };
            if (!first)
                throw Invalid($"tensor {Quote.Name(name)} has {key} twice");
            if (key == "shape")
                shape = ReadIntegers(ref reader, name, key, MaxRank);
            else if (key == "data_offsets")
                offsets = ReadIntegers(ref reader, name, key, 2);
            else
                elementTypeName = ReadString(ref reader, name, key);
        }

        if (elementTypeName is null || shape is null || offsets is not [long begin, long end])
            throw Invalid($"tensor {Quote.Name(name)} lacks dtype, shape or the two data_offsets");
        var tensor = new TensorInfo(name, ParseElementType(elementTypeName, name), ToExtents(shape, name));
        if (begin > end || ByteCount(tensor) != end - begin)
        {
            throw Invalid(
                $"tensor {Quote.Name(name)}, {tensor.ElementType} {tensor.ShapeText}, cannot lie in bytes {begin} to {end} of the data");
        }

        _tensors.Add(name, tensor);
        _offsets.Add(name, begin);
    }

    private string ReadString(ref Utf8JsonReader reader, string name, string key) => reader.TokenType == JsonTokenType.String
        ? reader.GetString()!
        : throw Invalid($"tensor {Quote.Name(name)}: {key} is not a string");

    private List<long> ReadIntegers(ref Utf8JsonReader reader, string name, string key, int maxCount)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Invalid($"tensor {Quote.Name(name)}: {key} is not an array");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Invalid($"tensor {Quote.Name(name)}: {key} holds something other than whole numbers from 0 on");
            if (values.Count == maxCount)
                throw Invalid($"tensor {Quote.Name(name)}: {key} holds more than {maxCount} numbers");
            values.Add(value);
        }

        return values;
    }

    private ElementType ParseElementType(string text, string name) => text switch
    {
        "F64" => ElementType.Float64,
        "F32" => ElementType.Float32,
        "F16" => ElementType.Float16,
        "BF16" => ElementType.BFloat16,
        "I64" => ElementType.Int64,
        "I32" => ElementType.Int32,
        "I16" => ElementType.Int16,
        "I8" => ElementType.Int8,
        "U8" => ElementType.UInt8,
        "BOOL" => ElementType.Bool,
        _ => throw Invalid($"tensor {Quote.Name(name)} is of type {Quote.Name(text)}, which is not read"),
    };

    /// <summary>What the format calls an element type.</summary>
    public static string NameOf(ElementType type) => type switch
    {
        ElementType.Float64 => "F64",
        ElementType.Float32 => "F32",
        ElementType.Float16 => "F16",
        ElementType.BFloat16 => "BF16",
        ElementType.Int64 => "I64",
        ElementType.Int32 => "I32",
        ElementType.Int16 => "I16",
        ElementType.Int8 => "I8",
        ElementType.UInt8 => "U8",
        ElementType.Bool => "BOOL",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such element type."),
    };

    private int[] ToExtents(List<long> shape, string name)
    {
        var extents = new int[shape.Count];
        for (int axis = 0; axis < extents.Length; axis++)
        {
            if (shape[axis] > int.MaxValue)
                throw Invalid($"tensor {Quote.Name(name)} has an extent of {shape[axis]}");
            extents[axis] = (int)shape[axis];
        }

        return extents;
    }

    private long ByteCount(TensorInfo tensor)
    {
        long bytes = tensor.ElementType.Size();
        foreach (int extent in tensor.Shape)
        {
            // Neither factor exceeds 31 bits, so the product cannot overflow before it is found to be too large.
            bytes *= extent;
            if (bytes > Checkpoint.MaxTensorBytes)
                throw Invalid($"tensor {Quote.Name(tensor.Name)} claims the shape {tensor.ShapeText}, more values than are read");
        }

        return bytes;
    }

    private void CheckOffsets(long dataLength)
    {
        // An empty tensor begins where its neighbour begins too, so ties are ordered by the end.
        long end = 0;
        foreach (TensorInfo tensor in _tensors.Values.OrderBy(tensor => _offsets[tensor.Name]).ThenBy(tensor => tensor.ByteCount))
        {
            long begin = _offsets[tensor.Name];
            if (begin != end)
            {
                string fault = begin < end ? "overlaps the tensor before it" : "leaves a gap before it";
                throw Invalid($"tensor {Quote.Name(tensor.Name)} at byte {begin} {fault}, which ends at byte {end}");
            }

            end = begin + tensor.ByteCount;
        }

        if (end > dataLength)
        {
            throw new CheckpointFormatException(
                $"{_source} is cut short: its tensors need {end} bytes of data and {dataLength} are there. Copy or download it again.");
        }

        if (end < dataLength)
            throw Invalid($"the tensors end at byte {end} of the data and {dataLength - end} more bytes follow");
    }

    private CheckpointFormatException Invalid(string fault) => new($"{_source}: the safetensors header is not valid: {fault}.");
}
