using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gsasr.Architecture;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>
/// Turns a model into one safetensors file of exactly the tensors that it needs: weights as float32, index tables as int32.
/// </summary>
internal static class ModelConverter
{
    /// <summary>The metadata key under which the architecture's name is kept.</summary>
    public const string ArchitectureKey = "architecture";

    /// <summary>The metadata key of the version of this layout, <see cref="FormatVersion"/>.</summary>
    public const string FormatVersionKey = "gsasr_format_version";

    /// <summary>The version of the layout that is written.</summary>
    public const int FormatVersion = 1;

    private const string HashSuffix = "_sha256";

    private static readonly string[] s_hashKeys = ["encoder" + HashSuffix, "decoder" + HashSuffix, "model" + HashSuffix];

    /// <summary>
    /// Recognises and checks a model and writes it. The same model gives the same bytes. The metadata holds the architecture's name, the
    /// format version and the SHA-256 hashes of the source files (<c>encoder_sha256</c>, <c>decoder_sha256</c> or <c>model_sha256</c>). A
    /// file that was converted before keeps the hashes of its first sources and comes out unchanged.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="outputPath">The file to write.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <returns>The model's architecture.</returns>
    /// <exception cref="CheckpointFormatException">
    /// The model is not a GSASR model, is damaged, or holds weights that are no numbers.
    /// </exception>
    /// <exception cref="IOException">The file exists and may not be replaced, or a file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
    public static GsasrArchitecture Convert(ModelCheckpoint model, string outputPath, bool overwrite)
    {
        GsasrArchitecture architecture = GsasrArchitecture.Recognise(model);
        var metadata = new Dictionary<string, string>
        {
            [ArchitectureKey] = architecture.Name,
            [FormatVersionKey] = FormatVersion.ToString(CultureInfo.InvariantCulture),
        };
        string[] kept = [.. s_hashKeys.Where(model.Metadata.ContainsKey)];
        foreach (string key in kept)
            metadata.Add(key, model.Metadata[key]);
        if (kept.Length == 0)
        {
            foreach ((string role, string path) in model.Files)
            {
                using FileStream file = File.OpenRead(path);
                metadata.Add(role + HashSuffix, System.Convert.ToHexStringLower(SHA256.HashData(file)));
            }
        }

        SafetensorsWriter.Write(outputPath, new NeededTensors(model, architecture), metadata, overwrite);
        return architecture;
    }

    /// <summary>The required tensors of a model in the types in which they are stored.</summary>
    private sealed class NeededTensors : Checkpoint
    {
        private readonly Checkpoint _model;
        private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);

        public NeededTensors(Checkpoint model, GsasrArchitecture architecture)
        {
            _model = model;
            foreach (ExpectedTensor expected in architecture.ExpectedTensors().Where(expected => expected.IsRequired))
            {
                ElementType type = expected.Role == TensorRole.Parameter ? ElementType.Float32 : ElementType.Int32;
                _tensors.Add(expected.Name, new TensorInfo(expected.Name, type, expected.Shape));
            }
        }

        public override string Source => _model.Source;

        public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

        protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
        {
            if (tensor.ElementType == ElementType.Int32)
            {
                int[] indices = _model.ReadIndices(tensor.Name, int.MaxValue);
                MemoryMarshal.AsBytes(indices.AsSpan()).CopyTo(destination);
                return;
            }

            Span<float> values = MemoryMarshal.Cast<byte, float>(destination);
            _model.Read(tensor.Name, values);
            foreach (float value in values)
            {
                if (!float.IsFinite(value))
                    throw new CheckpointFormatException($"{Source}: tensor {Quote.Name(tensor.Name)} holds {value}, which is no weight.");
            }
        }
    }
}
