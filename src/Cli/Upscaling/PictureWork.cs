using Gsasr.Cli.Reporting;
using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>A picture on its way from its file to its output: read, and with a place to be written to.</summary>
internal sealed class PictureWork : IDisposable
{
    /// <summary>The input.</summary>
    public required Image Image { get; init; }

    /// <summary>The size that the picture is drawn at, and the part of it that is kept.</summary>
    public required OutputFrame Frame { get; init; }

    /// <summary>The header of the output.</summary>
    public required ImageHeader Output { get; init; }

    /// <summary>The format of the output.</summary>
    public required ImageFormat Format { get; init; }

    /// <summary>Where the output goes.</summary>
    public required PictureTarget Target { get; init; }

    /// <summary>Takes what there is to say of the picture.</summary>
    public required FileReport Report { get; init; }

    /// <summary>When the reading began, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public required long Start { get; init; }

    /// <summary>Called when the picture is not in memory any more.</summary>
    public Action? Ended { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Target.Dispose();
        Ended?.Invoke();
        Ended = null;
    }
}
