using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Encoders;

namespace Gsasr;

/// <summary>
/// A trained GSASR network: its architecture and the place of its weights. Weights are read when an <see cref="Upscaler"/> puts them on its
/// device, and are held only there. Immutable and safe to share.
/// </summary>
public sealed class GsasrModel
{
    /// <summary>The name of the model that this library carries.</summary>
    public const string DefaultName = "gsasr-lite";

    private static readonly Lazy<GsasrModel> EmbeddedModel = new(() => new GsasrModel(() => ModelCheckpoint.OpenDefault()));

    private readonly Func<Checkpoint> _open;

    /// <summary>Recognises a model.</summary>
    /// <param name="open">Opens its weights, as often as it is called.</param>
    /// <param name="encoders">The kinds of encoders that it can have; null for all kinds.</param>
    internal GsasrModel(Func<Checkpoint> open, IReadOnlyList<EncoderKind>? encoders = null)
    {
        _open = open;
        using Checkpoint checkpoint = open();
        Source = checkpoint.Source;
        Metadata = checkpoint.Metadata;
        Architecture = GsasrArchitecture.Recognise(checkpoint, encoders ?? EncoderKind.All);
    }

    /// <summary>The embedded model, gsasr-lite: small, quick, and licensed like this library.</summary>
    public static GsasrModel Default => EmbeddedModel.Value;

    /// <summary>The networks' kinds and sizes, as recognised from the weights.</summary>
    internal GsasrArchitecture Architecture { get; }

    /// <summary>The published name of this architecture, such as "edsr" or "hatl".</summary>
    public string Name => Architecture.Name;

    /// <summary>Where the weights lie, for people to read.</summary>
    public string Source { get; }

    /// <summary>Notes that the file holds beside the weights.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="pathOrName">
    /// "gsasr-lite", in letters of any case, for the embedded model, even where there is a file of that name ("./gsasr-lite" is the
    /// file); a .safetensors file; a folder with encoder.pth and decoder.pth as published; or one of these two files.
    /// </param>
    /// <param name="cancellation">Stops before each file that is opened; weights are read later, by an <see cref="Upscaler"/>.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="CheckpointFormatException">There is no GSASR model there; the message says why.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, and no such model built in.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static GsasrModel Load(string pathOrName, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ArgumentException.ThrowIfNullOrEmpty(pathOrName);
        if (pathOrName.Equals(DefaultName, StringComparison.OrdinalIgnoreCase))
            return Default;
        if (!File.Exists(pathOrName) && !Directory.Exists(pathOrName))
        {
            throw new FileNotFoundException(
                $"There is no model '{pathOrName}'. A model is {DefaultName} (built in), a .safetensors file, a folder with encoder.pth and "
                + "decoder.pth, or one of these two files with the other beside it.");
        }

        return new GsasrModel(() => ModelCheckpoint.Open(pathOrName));
    }

    /// <summary>Opens the weights.</summary>
    internal Checkpoint Open() => _open();
}
