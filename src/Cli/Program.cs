using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Gsasr.Cli.Models;
using Gsasr.Cli.Reporting;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary>The command <c>gsasr</c>.</summary>
public static class Program
{
    /// <summary>The program's version and, after a plus, the commit that it was built from, if that is known.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Runs the command.</summary>
    /// <param name="args">Its arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> Main(string[] args)
    {
        try
        {
            LastResort.Register();
            MemoryPools.UseOneUnderLimit();
            StandardStreams.Secure();
            return await RunUntilSignalAsync(args).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Under a limit of memory that is too small even threads cannot be started.
            LastResort.Say(e);
            return ExitCode.Failure;
        }
    }

    /// <summary>Runs the command with its output redirected.</summary>
    /// <param name="args">Its arguments.</param>
    /// <param name="output">Takes what was done, and help.</param>
    /// <param name="error">Takes what went wrong, and the progress.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var printableError = new PrintableWriter(error);
        return Failures.ReportAsync(printableError, () => ParseAndRunAsync(args, output, printableError, cancellation));
    }

    private static async Task<int> RunUntilSignalAsync(string[] args)
    {
        using var signals = new TerminationSignals();
        Console.SetError(new ErrorStream(Console.Error));
        Task<int> work = Task.Run(() => RunAsync(args, Console.Out, Console.Error, signals.Token));
        // If the work waits for something that does not come, such as the writer of a pipe, it cannot stop by itself. Some encoders do not stop either.
        await Task.WhenAny(work, signals.PatienceEnded).ConfigureAwait(false);
        if (!work.IsCompleted)
        {
            AtomicFile.DeleteUnfinished();

            // A terminal that is stopped (Ctrl-S), or a pipe that nobody reads, may never take this.
            Task said = Task.Run(() => Console.Error.WriteLine("Cancelled; of what was not finished nothing is left."));
            await Task.WhenAny(said, Task.Delay(TimeSpan.FromSeconds(1))).ConfigureAwait(false);
            return TerminationSignals.ExitCode;
        }

        return await work.ConfigureAwait(false);
    }

    private static async Task<int> ParseAndRunAsync(string[] args, TextWriter output, PrintableWriter error, CancellationToken cancellation)
    {
        var printableOutput = new PrintableWriter(output);
        var command = new RootCommand("Upscales images to any scale with GSASR, on a GPU or on the processor.")
        {
            UpscaleCommand.Create(printableOutput, error),
            FieldCommand.Create(printableOutput, error),
            RenderCommand.Create(printableOutput, error),
            FitCommand.Create(printableOutput, error),
            ModelsCommand.Create(printableOutput, error),
            InfoCommand.Create(printableOutput),
            DevicesCommand.Create(printableOutput),
            CompletionCommand.Create(printableOutput),
        };
        HelpWithExamples.AddTo(command);

        // Help and completions are texts of several lines and contain no file names.
        if (args.Length == 0)
        {
            await Parse(command, ["--help"]).InvokeAsync(Configuration(error.Target), cancellation).ConfigureAwait(false);
            return ExitCode.Usage;
        }

        ParseResult parsed = Parse(command, args);
        if (parsed.Errors.Count > 0)
        {
            // The library says some things twice, for the command and for the argument.
            foreach (string message in parsed.Errors.Select(parseError => Describe(parseError, parsed)).Distinct())
                await error.WriteLineAsync(message).ConfigureAwait(false);
            await error.WriteLineAsync($"Try 'gsasr {CommandPath(parsed)}--help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        return await parsed.InvokeAsync(Configuration(output), cancellation).ConfigureAwait(false);
    }

    // A file's name may begin with @; the library would take that for a file of further arguments.
    private static ParseResult Parse(RootCommand command, string[] args) =>
        command.Parse(WithoutOptionsAfterDashes(args), new ParserConfiguration { ResponseFileTokenReplacer = null });

    // What comes after -- is no option. The library does not tell a command where that was, so such a file gets a name that nobody can take
    // for an option.
    private static string[] WithoutOptionsAfterDashes(string[] args)
    {
        int dashes = Array.IndexOf(args, "--");
        return dashes < 0 ? args : [.. args.Select((argument, i) => i > dashes && argument is ['-', _, ..] ? $"./{argument}" : argument)];
    }

    private static InvocationConfiguration Configuration(TextWriter output) => new()
    {
        Output = output,
        Error = output,
        EnableDefaultExceptionHandler = false,

        // The caller's token stops the work. The library's own handling would end the program before it has tidied up.
        ProcessTerminationTimeout = null,
    };

    // The library does not name an argument that is missing, and puts the values that an argument can have on lines of their own.
    private static string Describe(ParseError parseError, ParseResult parsed) => parseError.SymbolResult switch
    {
        ArgumentResult { Tokens.Count: 0, Argument: var argument, Parent: CommandResult } =>
            $"{argument.Name} is missing: {char.ToLowerInvariant(argument.Description![0])}{argument.Description[1..]}",
        CommandResult { Command: { Subcommands.Count: > 0 } command } => DescribeNoCommand(command, parsed.UnmatchedTokens),
        _ => parseError.Message.Replace(Environment.NewLine + "\t", " ", StringComparison.Ordinal),
    };

    private static string DescribeNoCommand(Command command, IReadOnlyList<string> unmatched)
    {
        string[] names = [.. command.Subcommands.Select(subcommand => subcommand.Name)];
        string choice = $"{string.Join(", ", names[..^1])} or {names[^1]}";
        return unmatched switch
        {
            [] => $"The command is missing; it is {choice}.",
            [['-', ..] option, ..] => $"There is no option {option}, and no command; the command is {choice}.",
            [string word, ..] => $"There is no command '{word}'; it is {choice}.",
        };
    }

    private static string CommandPath(ParseResult parsed)
    {
        string path = "";
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } command; result = command.Parent)
            path = $"{command.Command.Name} {path}";
        return path;
    }
}
