using System.Collections.Immutable;
using Gsasr.Checkpoints;
using Gsasr.Encoders;

namespace Gsasr.Architecture;

/// <summary>
/// The networks of a GSASR model and their sizes, found from the names and shapes of its tensors. Recognition also checks that every tensor
/// that these sizes require is there in the right shape, and that there are no others.
/// </summary>
/// <param name="Encoder">The encoder and its sizes.</param>
/// <param name="Decoder">The decoder and its sizes.</param>
internal sealed record GsasrArchitecture(EncoderArchitecture Encoder, DecoderArchitecture Decoder)
{
    /// <summary>How names of encoder tensors begin.</summary>
    public const string EncoderPrefix = "encoder.";

    /// <summary>How names of decoder tensors begin.</summary>
    public const string DecoderPrefix = "decoder.";

    private static readonly EdsrArchitecture Edsr = new(Features: 64, Blocks: 16);
    private static readonly RdnArchitecture Rdn = new(Features: 64, Blocks: 16, Layers: 8, Growth: 64);
    private static readonly SwinIrArchitecture SwinIr =
        new(Features: 64, Channels: 180, Groups: 6, Layers: 6, Heads: 6, WindowSize: 8, MlpChannels: 360);
    private static readonly HatLArchitecture HatL = new(
        Features: 64, Channels: 192, Groups: 12, Layers: 6, Heads: 6, MlpChannels: 384, CompressedChannels: 64, SqueezedChannels: 6);
    private static readonly DecoderArchitecture Paper = new(DecoderKind.Paper, 64, Channels: 180, Heads: 6, WindowSize: 12, 1, 2, 6, 6);
    private static readonly DecoderArchitecture Enhanced =
        new(DecoderKind.Enhanced, 64, Channels: 192, Heads: 6, WindowSize: 12, 1, 2, 6, 6);

    /// <summary>The architectures that models have been published in, by name.</summary>
    public static ImmutableSortedDictionary<string, GsasrArchitecture> Published { get; } =
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, new Dictionary<string, GsasrArchitecture>
        {
            ["edsr-paper"] = new(Edsr, Paper),
            ["rdn-paper"] = new(Rdn, Paper),
            ["swin-paper"] = new(SwinIr, Paper),
            ["edsr"] = new(Edsr, Enhanced),
            ["rdn"] = new(Rdn, Enhanced with { CrossBlocks = 2 }),
            ["swin"] = new(SwinIr, Enhanced with { WindowSize = 16, CrossBlocks = 2, CrossLayers = 4 }),
            ["hatl"] = new(HatL, Enhanced with { WindowSize = 16, CrossBlocks = 4, CrossLayers = 4, SelfBlocks = 8 }),
            ["gsasr-lite"] = new(Edsr, Enhanced with { Channels = 64, Heads = 4, SelfBlocks = 4, SelfLayers = 4 }),
        });

    /// <summary>The published name, such as "edsr-paper", or "custom-edsr" and the like for sizes that were never published.</summary>
    public string Name => Published.FirstOrDefault(entry => entry.Value == this).Key ?? $"custom-{Encoder.Name}";

    /// <summary>
    /// Both sides of an image are padded to multiples of this many pixels: the least common multiple of the windows of encoder and decoder.
    /// </summary>
    public int SizeMultiple
    {
        get
        {
            (int a, int b) = (Encoder.SizeMultiple, Decoder.WindowSize);
            while (b != 0)
                (a, b) = (b, a % b);
            return Encoder.SizeMultiple / a * Decoder.WindowSize;
        }
    }

    /// <summary>Trained numbers of the encoder.</summary>
    public long EncoderParameterCount => EncoderTensors().Sum(tensor => tensor.ParameterCount);

    /// <summary>Trained numbers of the decoder.</summary>
    public long DecoderParameterCount => DecoderTensors().Sum(tensor => tensor.ParameterCount);

    /// <summary>Recognises a model whose names begin with <c>encoder.</c> and <c>decoder.</c>; reads no weights.</summary>
    /// <param name="checkpoint">The model's tensors.</param>
    /// <exception cref="CheckpointFormatException">
    /// It is no GSASR model, or tensors are missing, unknown or of another shape or type; the message names the first few.
    /// </exception>
    public static GsasrArchitecture Recognise(Checkpoint checkpoint) => Recognise(checkpoint, EncoderKind.All);

    /// <summary>Recognises a model whose encoder is of one of some kinds.</summary>
    /// <inheritdoc cref="Recognise(Checkpoint)"/>
    internal static GsasrArchitecture Recognise(Checkpoint checkpoint, IReadOnlyList<EncoderKind> encoders)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        RequirePart(checkpoint, EncoderPrefix, "encoder", [.. encoders.Select(kind => kind.FirstTensor)]);
        RequirePart(checkpoint, DecoderPrefix, "decoder", "gs_embedding");
        var architecture = new GsasrArchitecture(
            EncoderKind.Recognise(encoders, new TensorShapes(checkpoint, EncoderPrefix), checkpoint.Source),
            DecoderArchitecture.Recognise(new TensorShapes(checkpoint, DecoderPrefix)));
        if (architecture.Encoder.Features != architecture.Decoder.InputFeatures)
        {
            throw new CheckpointFormatException(
                $"{checkpoint.Source}: the encoder makes {architecture.Encoder.Features} features and the decoder takes "
                + $"{architecture.Decoder.InputFeatures}; they are parts of different models.");
        }

        TensorCheck.Run(checkpoint, architecture);
        return architecture;
    }

    /// <summary>Whether all tensors are those of an encoder alone, their names without a prefix.</summary>
    /// <param name="checkpoint">The tensors.</param>
    internal static bool IsEncoder(Checkpoint checkpoint)
    {
        try
        {
            var plan = new TensorPlan("");
            EncoderKind.Recognise(EncoderKind.All, new TensorShapes(checkpoint, ""), checkpoint.Source).Describe(plan);
            HashSet<string> known = [.. plan.Tensors.Select(tensor => tensor.Name)];
            return checkpoint.Tensors.Keys.All(known.Contains);
        }
        catch (CheckpointFormatException)
        {
            return false;
        }
    }

    /// <summary>All tensors of a model of this architecture, those of the encoder first.</summary>
    public IReadOnlyList<ExpectedTensor> ExpectedTensors() => [.. EncoderTensors(), .. DecoderTensors()];

    private static void RequirePart(Checkpoint checkpoint, string prefix, string part, params string[] anyOf)
    {
        if (anyOf.Any(name => checkpoint.Tensors.ContainsKey(prefix + name)))
            return;
        IEnumerable<string> names = checkpoint.Tensors.Keys.Order(StringComparer.Ordinal).Take(3).Select(Quote.Name);
        string found = checkpoint.Tensors.Count == 0
            ? "It holds no tensors at all."
            : $"It holds {checkpoint.Tensors.Count} tensors, among them {string.Join(", ", names)}.";
        throw new CheckpointFormatException(
            $"{checkpoint.Source} is no GSASR model: it has no {part} ({Quote.Name(prefix + anyOf[0])} is missing). {found} "
            + "A model is a .safetensors file, or a folder with encoder.pth and decoder.pth.");
    }

    private IReadOnlyList<ExpectedTensor> EncoderTensors()
    {
        var plan = new TensorPlan(EncoderPrefix);
        Encoder.Describe(plan);
        return plan.Tensors;
    }

    private IReadOnlyList<ExpectedTensor> DecoderTensors()
    {
        var plan = new TensorPlan(DecoderPrefix);
        Decoder.Describe(plan);
        return plan.Tensors;
    }
}
