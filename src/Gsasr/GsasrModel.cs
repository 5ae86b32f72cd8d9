using Gsasr.Architecture;
using Gsasr.Checkpoints;

namespace Gsasr;

/// <summary>
/// A trained GSASR network: what it is and where its weights lie. Weights are read when an <see cref="Upscaler"/> puts them on
/// its device, and are held only there. Immutable and safe to share.
/// </summary>
public sealed class GsasrModel
{
    /// <summary>The name of the model that this library carries.</summary>
    public const string DefaultName = "gsasr-lite";

    private static readonly Lazy<GsasrModel> EmbeddedModel = new(() => new GsasrModel(() => ModelCheckpoint.OpenDefault()));

    private readonly Func<Checkpoint> _open;

    /// <summary>Recognises a model.</summary>
    /// <param name="open">Opens its weights, as often as it is called.</param>
    internal GsasrModel(Func<Checkpoint> open)
    {
        _open = open;
        using Checkpoint checkpoint = open();
        Source = checkpoint.Source;
        Metadata = checkpoint.Metadata;
        Architecture = GsasrArchitecture.Recognise(checkpoint);
    }

    /// <summary>The embedded model, gsasr-lite: small, quick, and licensed like this library.</summary>
    public static GsasrModel Default => EmbeddedModel.Value;

    /// <summary>The networks' kinds and sizes, as recognised from the weights.</summary>
    public GsasrArchitecture Architecture { get; }

    /// <summary>The published name of this architecture, such as "edsr" or "hatl".</summary>
    public string Name => Architecture.Name;

    /// <summary>Where the weights lie, for people to read.</summary>
    public string Source { get; }

    /// <summary>Notes that the file holds beside the weights.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="pathOrName">
    /// "gsasr-lite" for the embedded model; a .safetensors file; or a folder with encoder.pth and decoder.pth as published.
    /// </param>
    /// <exception cref="CheckpointFormatException">There is no GSASR model there; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static GsasrModel Load(string pathOrName)
    {
        ArgumentException.ThrowIfNullOrEmpty(pathOrName);
        bool isFile = File.Exists(pathOrName) || Directory.Exists(pathOrName);
        return pathOrName == DefaultName && !isFile ? Default : new GsasrModel(() => ModelCheckpoint.Open(pathOrName));
    }

    /// <summary>Opens the weights.</summary>
    internal Checkpoint Open() => _open();
}
