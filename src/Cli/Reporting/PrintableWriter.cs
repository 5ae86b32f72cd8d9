using System.Text;
using Spectre.Console;

namespace Gsasr.Cli.Reporting;

/// <summary>
/// Passes lines on as <see cref="PrintableText"/>. All that commands write goes through such a writer, so that nothing in a file's name can
/// act on a terminal or look like a line of its own in a log.
/// </summary>
/// <param name="target">Where the lines go.</param>
internal sealed class PrintableWriter(TextWriter target) : TextWriter
{
    /// <summary>Where the lines go. Use it only for text that does not come from outside.</summary>
    public TextWriter Target => target;

    public override Encoding Encoding => target.Encoding;

    /// <summary>Whether the lines go to a terminal.</summary>
    public bool IsTerminal => ReferenceEquals(target, Console.Error)
        ? !Console.IsErrorRedirected
        : ReferenceEquals(target, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>What draws on the terminal.</summary>
    public IAnsiConsole OpenConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(target),

        // The library would require the other streams to be terminals too.
        Interactive = InteractionSupport.Yes,
    });

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value) => target.Write(PrintableText.Escape(value ?? ""));

    public override void WriteLine() => target.WriteLine();

    public override void WriteLine(string? value) => target.WriteLine(PrintableText.Escape(value ?? ""));

    public override Task WriteLineAsync(string? value)
    {
        WriteLine(value);
        return Task.CompletedTask;
    }

    public override void Flush() => target.Flush();
}
