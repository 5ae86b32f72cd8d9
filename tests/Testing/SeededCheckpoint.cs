using System.Buffers.Binary;
using System.Text.Json;
using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Testing;

/// <summary>
/// The full-size model of a golden manifest with its seeded weights, computed when they are read. Names carry <c>encoder.</c> and
/// <c>decoder.</c>. Of the buffers it has the index tables of the paper decoder, the only ones that must be read.
/// </summary>
internal sealed class SeededCheckpoint : Checkpoint
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seed> _seeds = new(StringComparer.Ordinal);
    private readonly Checkpoint _buffers;
    private readonly string _model;

    private SeededCheckpoint(string model, bool allBuffers)
    {
        _model = model;
        _buffers = SafetensorsCheckpoint.Open(TestData.GoldenFile("paper-buffers.safetensors"));
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(TestData.GoldenFile($"{model}.manifest.json")));
        string seed = manifest.RootElement.GetProperty("seed").GetString()!;
        foreach (string part in (string[])["encoder", "decoder"])
        {
            foreach (JsonElement entry in manifest.RootElement.GetProperty(part).EnumerateArray())
                Add(part, seed, entry, allBuffers);
        }
    }

    /// <summary>The models with a manifest.</summary>
    public static IReadOnlyList<string> ModelNames { get; } = ["edsr-paper", "rdn-paper", "swin-paper", "edsr", "rdn", "swin", "hatl"];

    /// <inheritdoc/>
    public override string Source => $"seeded {_model}";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>The model of this name, one of <see cref="ModelNames"/>.</summary>
    public static SeededCheckpoint Open(string model) => new(model, allBuffers: false);

    /// <summary>
    /// The same with every buffer that a published file holds, so that names and shapes are complete. Those that are not in
    /// paper-buffers.safetensors read as zeros: nothing may depend on them.
    /// </summary>
    public static SeededCheckpoint OpenWithAllBuffers(string model) => new(model, allBuffers: true);

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        if (!_seeds.TryGetValue(tensor.Name, out Seed seed))
        {
            if (PaperBufferOf(tensor.Name) is string buffer)
                _buffers.ReadBytes(buffer, destination);
            else
                destination.Clear();
            return;
        }

        for (int i = 0; i < destination.Length / sizeof(float); i++)
        {
            float value = seed.Base + (seed.Amplitude * SeededNumbers.Uniform(seed.Hash, i));
            BinaryPrimitives.WriteSingleLittleEndian(destination[(i * sizeof(float))..], value);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _buffers.Dispose();
        base.Dispose(disposing);
    }

    private void Add(string part, string seed, JsonElement entry, bool allBuffers)
    {
        string name = entry.GetProperty("name").GetString()!;
        string fullName = $"{part}.{name}";
        int[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32())];
        if (entry.TryGetProperty("buffer", out JsonElement buffer))
        {
            ElementType type = buffer.GetString() == "int64" ? ElementType.Int64 : ElementType.Float32;
            if (allBuffers || PaperBufferOf(fullName) is not null)
                _tensors.Add(fullName, new TensorInfo(fullName, type, shape));
            return;
        }

        _tensors.Add(fullName, new TensorInfo(fullName, ElementType.Float32, shape));
        _seeds.Add(
            fullName,
            new Seed(
                SeededNumbers.Hash($"{seed}/{_model}/{part}/{name}"),
                entry.GetProperty("base").GetSingle(),
                entry.GetProperty("amp").GetSingle()));
    }

    private string? PaperBufferOf(string name) => name.StartsWith("decoder.", StringComparison.Ordinal)
        ? _buffers.Tensors.Keys.FirstOrDefault(buffer => name.EndsWith("." + buffer, StringComparison.Ordinal))
        : null;

    private readonly record struct Seed(ulong Hash, float Base, float Amplitude);
}
