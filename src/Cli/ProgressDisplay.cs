using System.Globalization;
using Spectre.Console;

namespace Gsasr.Cli;

/// <summary>Shows how far the work is: a bar on a terminal, plain lines of text everywhere else.</summary>
internal static class ProgressDisplay
{
    private const int LineStep = 10;

    /// <summary>Runs work and shows its progress on the error stream, so that the output stays clean.</summary>
    /// <typeparam name="T">What the work gives.</typeparam>
    /// <param name="title">What is being done.</param>
    /// <param name="error">The error stream.</param>
    /// <param name="work">The work; it reports from 0 to 1, and gives lines for the user to the second argument.</param>
    public static async Task<T> RunAsync<T>(string title, TextWriter error, Func<IProgress<double>, Action<string>, Task<T>> work)
    {
        if (Console.IsErrorRedirected || !ReferenceEquals(error, Console.Error))
            return await work(new LineProgress(title, error), error.WriteLine).ConfigureAwait(false);

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title));
                // The console writes lines above the bar.
                return work(new BarProgress(task), line => console.WriteLine(line));
            }).ConfigureAwait(false);
    }

    private sealed class BarProgress(ProgressTask task) : IProgress<double>
    {
        public void Report(double value) => task.Value = value * task.MaxValue;
    }

    // "title: 40 %", a line for each tenth.
    private sealed class LineProgress(string title, TextWriter error) : IProgress<double>
    {
        private int _shown;

        public void Report(double value)
        {
            int percent = (int)(value * 100) / LineStep * LineStep;
            if (percent <= _shown)
                return;
            _shown = percent;
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {percent} %"));
        }
    }
}
