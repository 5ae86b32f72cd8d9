using System.Reflection;
using Gsasr.Architecture;

namespace Gsasr.Checkpoints;

/// <summary>
/// All tensors of a GSASR model, those of the encoder named <c>encoder.…</c> and those of the decoder <c>decoder.…</c>, whether they
/// come from one file or from two.
/// </summary>
internal sealed class ModelCheckpoint : Checkpoint
{
    private const string EncoderRole = "encoder";
    private const string DecoderRole = "decoder";
    private const string DefaultModelResource = "gsasr-lite.safetensors";

    /// <summary>The files that hold a part, in the order in which they are looked for.</summary>
    private static readonly string[] Extensions = [".safetensors", ".pth"];

    private readonly Checkpoint[] _parts;
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Checkpoint Part, string Name)> _origins = new(StringComparer.Ordinal);

    private ModelCheckpoint(
        string source, IReadOnlyDictionary<string, string> files, params ReadOnlySpan<(Checkpoint Part, string Prefix)> parts)
    {
        Source = source;
        Files = files;
        _parts = new Checkpoint[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            (Checkpoint part, string prefix) = parts[i];
            _parts[i] = part;
            foreach (TensorInfo tensor in part.Tensors.Values)
            {
                string name = prefix + tensor.Name;
                _tensors.Add(name, tensor with { Name = name });
                _origins.Add(name, (part, tensor.Name));
            }
        }
    }

    /// <inheritdoc/>
    public override string Source { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => _parts.Length == 1 ? _parts[0].Metadata : base.Metadata;

    /// <summary>The paths read from, by what they hold: "encoder" and "decoder", or "model"; none for the default model.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>
    /// Opens a model from a <c>.safetensors</c> file, a folder with <c>encoder</c> and <c>decoder</c> (each <c>.safetensors</c> or
    /// <c>.pth</c>, in this order of preference), or one of these two, beside which the other lies.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="CheckpointFormatException">A file is no checkpoint, or a part of the model is missing.</exception>
    /// <exception cref="IOException">A file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static ModelCheckpoint Open(string path)
    {
        if (Directory.Exists(path))
            return Open(FindInFolder(path, EncoderRole), FindInFolder(path, DecoderRole));

        Checkpoint checkpoint = OpenFile(path);
        try
        {
            string? role = RoleOf(checkpoint);
            if (role is not null && FindSibling(path, role) is string sibling)
                return Combine(checkpoint, path, OpenFile(sibling), sibling);

            // Other networks begin with a conv_first too; no decoder is looked for beside them.
            if (role == DecoderRole || (role == EncoderRole && GsasrArchitecture.IsEncoder(checkpoint)))
            {
                string missingRole = role == EncoderRole ? DecoderRole : EncoderRole;
                throw new CheckpointFormatException(
                    $"{path} is only the {role} of a GSASR model, and its {missingRole} does not lie beside it. "
                    + "Put both into one folder as encoder.pth and decoder.pth.");
            }

            return new ModelCheckpoint(path, new Dictionary<string, string> { ["model"] = path }, (checkpoint, ""));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model from its two parts, in either order.</summary>
    /// <param name="firstPath">The encoder's or the decoder's file.</param>
    /// <param name="secondPath">The other's.</param>
    /// <exception cref="CheckpointFormatException">A file is no checkpoint, or they are not an encoder and a decoder.</exception>
    /// <exception cref="IOException">A file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static ModelCheckpoint Open(string firstPath, string secondPath)
    {
        Checkpoint first = OpenFile(firstPath);
        try
        {
            return Combine(first, firstPath, OpenFile(secondPath), secondPath);
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    /// <summary>Opens gsasr-lite, the small model that is part of this library.</summary>
    public static ModelCheckpoint OpenDefault()
    {
        Stream resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(DefaultModelResource)
            ?? throw new InvalidOperationException($"The library was built without {DefaultModelResource}.");
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(resource, "gsasr-lite");
        return new ModelCheckpoint(checkpoint.Source, new Dictionary<string, string>(), (checkpoint, ""));
    }

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        (Checkpoint part, string name) = _origins[tensor.Name];
        part.ReadBytes(name, destination);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (Checkpoint part in _parts)
                part.Dispose();
        }

        base.Dispose(disposing);
    }

    private static ModelCheckpoint Combine(Checkpoint first, string firstPath, Checkpoint second, string secondPath)
    {
        try
        {
            bool inOrder = RoleOf(first) == EncoderRole && RoleOf(second) == DecoderRole;
            if (!inOrder && (RoleOf(first) != DecoderRole || RoleOf(second) != EncoderRole))
                throw new CheckpointFormatException($"{firstPath} and {secondPath} are not the encoder and the decoder of a GSASR model.");
            (Checkpoint encoder, Checkpoint decoder) = inOrder ? (first, second) : (second, first);
            var files = new Dictionary<string, string> { [EncoderRole] = encoder.Source, [DecoderRole] = decoder.Source };
            return new ModelCheckpoint(
                $"{encoder.Source} + {Path.GetFileName(decoder.Source)}",
                files,
                (encoder, GsasrArchitecture.EncoderPrefix),
                (decoder, GsasrArchitecture.DecoderPrefix));
        }
        catch
        {
            second.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file by its content, whatever its extension.</summary>
    private static Checkpoint OpenFile(string path)
    {
        SeekableBytes bytes = SeekableBytes.Open(path);
        return SafetensorsCheckpoint.IsLikely(bytes) ? SafetensorsCheckpoint.Open(bytes) : PyTorchCheckpoint.Open(bytes);
    }

    /// <summary>The part of a model that is alone in a file, known by its first layers; null for a whole model or something else.</summary>
    private static string? RoleOf(Checkpoint checkpoint)
    {
        if (checkpoint.Tensors.ContainsKey("gs_embedding"))
            return DecoderRole;
        return checkpoint.Tensors.ContainsKey("conv_first.weight") || checkpoint.Tensors.ContainsKey("SFENet1.weight") ? EncoderRole : null;
    }

    private static string FindInFolder(string folder, string role) =>
        Extensions.Select(extension => Path.Combine(folder, role + extension)).FirstOrDefault(File.Exists)
        ?? throw new CheckpointFormatException(
            $"{folder} holds no {role}.pth or {role}.safetensors. A model is a .safetensors file, or a folder with both of "
            + "encoder.pth and decoder.pth.");

    private static string? FindSibling(string path, string role)
    {
        string missingRole = role == EncoderRole ? DecoderRole : EncoderRole;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string name = Path.GetFileNameWithoutExtension(path);
        string siblingName = name.Replace(role, missingRole, StringComparison.OrdinalIgnoreCase);
        return siblingName == name
            ? null
            : Extensions.Select(extension => Path.Combine(folder, siblingName + extension)).FirstOrDefault(File.Exists);
    }
}
