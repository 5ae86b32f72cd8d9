using System.Globalization;
using Spectre.Console;

namespace Gsasr.Cli.Reporting;

/// <summary>
/// Shows events on a terminal: a bar with stage and remaining time for every file that is worked on, one for all of them, and above the
/// bars the lines of text.
/// </summary>
internal sealed class TerminalReporter : TextReporter
{
    private const int LongestName = 48;

    private readonly IAnsiConsole _console;
    private readonly ResultStream? _output;
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ProgressContext> _begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _display;
    private readonly Dictionary<int, ProgressTask> _files = [];
    private ProgressTask? _stage;
    private ProgressTask? _all;

    /// <summary>Starts to show that the program is working.</summary>
    /// <param name="verbosity">How much is said.</param>
    /// <param name="console">The terminal.</param>
    /// <param name="output">Takes results; null if they go to the same terminal, where only the console may write.</param>
    public TerminalReporter(Verbosity verbosity, IAnsiConsole console, ResultStream? output)
        : base(verbosity)
    {
        _console = console;
        _output = output;
        _display = verbosity == Verbosity.Quiet ? Task.CompletedTask : console.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                _begin.SetResult(context);
                await _end.Task.ConfigureAwait(false);
            });
    }

    private ProgressContext Context => _begin.Task.GetAwaiter().GetResult();

    /// <inheritdoc/>
    protected override void Show(ReportEvent report)
    {
        base.Show(report);
        if (_display.IsCompleted)
            return;
        switch (report)
        {
            case RunStarted { Files: > 1 } started:
                _all = Context.AddTask(Describe("all files", null), maxValue: started.Files);
                break;
            case FileStarted started:
                EndStage();
                _files[started.File] = AddWaiting(Describe(started.Input, null));
                break;
            case DeviceOpened:
                EndStage();
                break;
            case FileFinished { File: int file }:
                End(file);
                break;
            case FileSkipped { File: int file }:
                End(file);
                break;
            case FileFailed { File: int file }:
                End(file);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void WriteLine(string line) => _console.WriteLine(PrintableText.Escape(line));

    /// <inheritdoc/>
    public override void WriteResult(string line)
    {
        if (_output is null)
            WriteLine(line);
        else
            _output.WriteLine(line);
    }

    /// <inheritdoc/>
    protected override void ShowStage(StageStarted stage)
    {
        if (stage.File is int file)
        {
            EndStage();
            if (!_files.TryGetValue(file, out ProgressTask? task))
                return;
            task.Description = Describe(stage.Input!, stage.Stage.Describe());
            task.IsIndeterminate = true;
            return;
        }

        string text = stage.Detail is null ? stage.Stage.Describe() : $"{stage.Stage.Describe()} ({stage.Detail})";
        if (_stage is null)
            _stage = AddWaiting(Markup.Escape(PrintableText.Escape(text)));
        else
            _stage.Description = Markup.Escape(PrintableText.Escape(text));
    }

    /// <inheritdoc/>
    protected override void ShowProgress(ProgressMade progress)
    {
        EndStage();
        if (!_files.TryGetValue(progress.File, out ProgressTask? task))
            return;
        task.IsIndeterminate = false;
        if (progress.Tiles is int tiles)
            task.Description = Describe(progress.Input, string.Create(CultureInfo.InvariantCulture, $"{WorkStage.Computing.Describe()}, tile {progress.Tile} of {tiles}"));
        task.Value = progress.Fraction * task.MaxValue;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _end.TrySetResult();
        _display.GetAwaiter().GetResult();
        base.Dispose(disposing);
    }

    // The end of a path says more than its beginning.
    private static string Describe(string name, string? work)
    {
        string shown = name.Length > LongestName ? "..." + name[^(LongestName - 3)..] : name;
        string text = work is null ? shown : $"{shown}: {work}";
        return Markup.Escape(PrintableText.Escape(text));
    }

    private ProgressTask AddWaiting(string description)
    {
        ProgressTask task = Context.AddTask(description);
        task.IsIndeterminate = true;
        return task;
    }

    private void EndStage()
    {
        _stage?.StopTask();
        _stage = null;
    }

    private void End(int file)
    {
        if (_files.Remove(file, out ProgressTask? task))
            task.StopTask();
        _all?.Increment(1);
    }
}
