using System.Text;

namespace Gsasr.Cli;

/// <summary>
/// An error stream on which writing never fails. If it is closed or full, nobody is left to tell, and the work goes on as it would with a
/// reader.
/// </summary>
internal sealed class ErrorStream(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => Try(() => target.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => target.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => target.Write(value));

    public override void WriteLine(string? value) => Try(() => target.WriteLine(value));

    public override void Flush() => Try(target.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
        }
    }
}
