using System.CommandLine;
using System.CommandLine.Parsing;
using Gsasr.Cli.Models;

namespace Gsasr.Cli;

/// <summary>The command <c>gsasr</c>.</summary>
public static class Program
{
    /// <summary>Runs the command.</summary>
    /// <param name="args">Its arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> Main(string[] args)
    {
        using var signals = new TerminationSignals();
        Console.SetError(new ErrorStream(Console.Error));
        int exitCode = await RunAsync(args, Console.Out, Console.Error, signals.Token).ConfigureAwait(false);
        return exitCode == ExitCode.Interrupted ? signals.ExitCode : exitCode;
    }

    /// <summary>Runs the command with its output redirected.</summary>
    /// <param name="args">Its arguments.</param>
    /// <param name="output">Takes what was done, and help.</param>
    /// <param name="error">Takes what went wrong, and the progress.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation) =>
        Failures.ReportAsync(error, () => ParseAndRunAsync(args, output, error, cancellation));

    private static async Task<int> ParseAndRunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var command = new RootCommand("Upscales images to any scale with GSASR, on a GPU or on the processor.")
        {
            UpscaleCommand.Create(output, error),
            FieldCommand.Create(output, error),
            RenderCommand.Create(output, error),
            FitCommand.Create(output, error),
            ModelsCommand.Create(output, error),
            InfoCommand.Create(output),
            DevicesCommand.Create(output),
        };
        if (args.Length == 0)
        {
            await command.Parse("--help").InvokeAsync(Configuration(error, error), cancellation).ConfigureAwait(false);
            return ExitCode.Usage;
        }

        ParseResult parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var parseError in parsed.Errors)
                await error.WriteLineAsync(parseError.Message).ConfigureAwait(false);
            await error.WriteLineAsync($"Try 'gsasr {CommandPath(parsed)}--help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        return await parsed.InvokeAsync(Configuration(output, error), cancellation).ConfigureAwait(false);
    }

    private static InvocationConfiguration Configuration(TextWriter output, TextWriter error) => new()
    {
        Output = output,
        Error = error,
        EnableDefaultExceptionHandler = false,

        // The caller's token stops the work; the library's own handling would end the program before it has tidied up.
        ProcessTerminationTimeout = null,
    };

    private static string CommandPath(ParseResult parsed)
    {
        string path = "";
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } command; result = command.Parent)
            path = $"{command.Command.Name} {path}";
        return path;
    }
}
