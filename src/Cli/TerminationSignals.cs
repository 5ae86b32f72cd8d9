using System.Runtime.InteropServices;

namespace Gsasr.Cli;

/// <summary>
/// Turns the first SIGINT (Ctrl-C) or SIGTERM into a request to stop, so that the work can tidy up. A second one ends the program
/// at once, as both do by default.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public TerminationSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The exit code of a program that the first signal stopped: 128 and its number, as shells have it.</summary>
    public int ExitCode { get; private set; } = Cli.ExitCode.Interrupted;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
            return;
        if (context.Signal == PosixSignal.SIGTERM)
            ExitCode = Cli.ExitCode.Terminated;
        context.Cancel = true;
        _source.Cancel();
    }
}
