namespace Gsasr.Cli.Reporting;

/// <summary>
/// The output stream of work that writes files. If it is full or closed, the files are still good, so that is said once and the work goes
/// on.
/// </summary>
/// <param name="output">The output stream.</param>
/// <param name="error">The error stream.</param>
internal sealed class ResultStream(TextWriter output, TextWriter error)
{
    private bool _isBroken;

    /// <summary>Writes a line, if there is still somewhere to write it to.</summary>
    /// <param name="line">The line.</param>
    public void WriteLine(string line)
    {
        if (_isBroken)
            return;
        try
        {
            output.WriteLine(line);
        }
        catch (IOException e)
        {
            _isBroken = true;
            error.WriteLine($"The output stream cannot be written ({e.Message.TrimEnd('.')}); the work goes on without it.");
        }
    }
}
