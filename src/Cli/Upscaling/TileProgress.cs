using Gsasr.Cli.Reporting;

namespace Gsasr.Cli.Upscaling;

/// <summary>Adds to the progress of a picture which of its tiles is worked on.</summary>
/// <param name="upscaler">What works on it.</param>
/// <param name="report">Takes the progress.</param>
internal sealed class TileProgress(Upscaler upscaler, FileReport report) : IProgress<double>
{
    /// <inheritdoc/>
    public void Report(double value)
    {
        (int number, int count) = upscaler.Tile;
        report.Report(value, number, count);
    }
}
