using System.Globalization;

namespace Gsasr.Cli.Reporting;

/// <summary>
/// Shows events as plain lines, for logs and pipes: no colours, no cursor movements, no line that is changed later. Work that takes longer
/// than a moment shows what it is doing, and never stays silent for long.
/// </summary>
internal sealed class PlainReporter : TextReporter
{
    // Small files show no progress, long work shows a line for each tenth.
    private const int PercentStep = 10;
    private const int WholeRun = 0;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    // After so long a silence there is a line, first and later.
    private static readonly TimeSpan s_firstSilence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly ResultStream _output;
    private readonly TextWriter _error;
    private readonly TimeProvider _clock;
    private readonly ITimer? _timer;
    private readonly Dictionary<int, (long Since, int Percent)> _shown = [];

    // When the first progress of a file was made, and how much it was.
    private readonly Dictionary<int, (long Since, double Fraction)> _first = [];

    // What is being done for each file, said after a silence; what is done for the whole run has the number 0. Earlier files are nearer to
    // their end.
    private readonly SortedDictionary<int, string> _current = [];
    private long _lastLine;
    private bool _hasSpoken;

    /// <summary>Begins to watch for silence.</summary>
    /// <param name="verbosity">How much is said.</param>
    /// <param name="output">Takes results.</param>
    /// <param name="error">Takes everything else.</param>
    /// <param name="clock">Tells the time.</param>
    public PlainReporter(Verbosity verbosity, ResultStream output, TextWriter error, TimeProvider clock)
        : base(verbosity)
    {
        _output = output;
        _error = error;
        _clock = clock;
        _lastLine = clock.GetTimestamp();
        if (verbosity != Verbosity.Quiet)
            _timer = clock.CreateTimer(_ => Locked(BreakSilence), null, s_pause, s_pause);
    }

    /// <inheritdoc/>
    protected override void Show(ReportEvent report)
    {
        base.Show(report);
        switch (report)
        {
            case FileStarted { File: int file }:
                _shown[file] = (_clock.GetTimestamp(), 0);
                break;
            case DeviceOpened:
                _current.Remove(WholeRun);
                break;
            case FileFinished { File: int file }:
                Forget(file);
                break;
            case FileSkipped { File: int file }:
                Forget(file);
                break;
            case FileFailed { File: int file }:
                Forget(file);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void WriteLine(string line)
    {
        _error.WriteLine(line);
        Spoken();
    }

    /// <inheritdoc/>
    public override void WriteResult(string line) => Locked(() =>
    {
        _output.WriteLine(line);
        Spoken();
    });

    /// <inheritdoc/>
    protected override void ShowStage(StageStarted stage)
    {
        if (stage.Stage == WorkStage.Computing)
            _current.Remove(WholeRun);
        string subject = stage.Input is null ? "" : $"{stage.Input}: ";
        string detail = stage.Detail is null ? "" : $" ({stage.Detail})";
        string line = $"{subject}{stage.Stage.Describe()}{detail}";
        _current[stage.File ?? WholeRun] = line;

        // A driver's compiler shows no progress, so it is said at once what the user waits for.
        if (IsVerbose || stage.Stage == WorkStage.Compiling)
            WriteLine(line);
    }

    /// <inheritdoc/>
    protected override void ShowProgress(ProgressMade progress)
    {
        int percent = (int)Math.Round(progress.Fraction * 100);
        string tile = progress.Tiles is int tiles ? string.Create(CultureInfo.InvariantCulture, $", tile {progress.Tile} of {tiles}") : "";
        string line = string.Create(CultureInfo.InvariantCulture, $"{progress.Input}: {percent} %{tile}{TimeLeft(progress)}");
        _current.Remove(WholeRun);
        _current[progress.File] = line;
        if (!_shown.TryGetValue(progress.File, out (long Since, int Percent) shown)
            || percent / PercentStep <= shown.Percent / PercentStep
            || _clock.GetElapsedTime(shown.Since) < s_pause)
        {
            return;
        }

        _shown[progress.File] = (_clock.GetTimestamp(), percent);
        WriteLine(line);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _timer?.Dispose();

        // The timer may be about to say something.
        Locked(_current.Clear);
        base.Dispose(disposing);
    }

    private void BreakSilence()
    {
        if (_current.Count > 0 && _clock.GetElapsedTime(_lastLine) >= (_hasSpoken ? s_silence : s_firstSilence))
            WriteLine(_current.First().Value);
    }

    private void Spoken()
    {
        _lastLine = _clock.GetTimestamp();
        _hasSpoken = true;
    }

    private void Forget(int file)
    {
        _shown.Remove(file);
        _first.Remove(file);
        _current.Remove(file);
    }

    // As if the rest took as long for its share as what was done since the first progress, which can be that of an earlier run.
    private string TimeLeft(ProgressMade progress)
    {
        if (!_first.TryGetValue(progress.File, out (long Since, double Fraction) first))
            _first[progress.File] = first = (_clock.GetTimestamp(), progress.Fraction);
        if (progress.Fraction <= first.Fraction)
            return "";
        TimeSpan left = _clock.GetElapsedTime(first.Since) * ((1 - progress.Fraction) / (progress.Fraction - first.Fraction));
        return left switch
        {
            { TotalSeconds: < 1.5 } => "",
            { TotalSeconds: < 99.5 } => string.Create(CultureInfo.InvariantCulture, $", about {left.TotalSeconds:0} s left"),
            { TotalMinutes: < 99.5 } => string.Create(CultureInfo.InvariantCulture, $", about {left.TotalMinutes:0} min left"),
            _ => string.Create(CultureInfo.InvariantCulture, $", about {left.TotalHours:0.0} h left"),
        };
    }
}
