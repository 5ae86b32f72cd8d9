using System.Runtime.InteropServices;

namespace Gsasr.Cli;

/// <summary>
/// Turns the first SIGINT (Ctrl-C), SIGQUIT (Ctrl-\), SIGTERM or SIGHUP (a closed terminal) into a request to stop, so that the work can
/// tidy up. A second one ends the program at once, as all do by default. A signal that the program was started to ignore, as nohup does it, stays ignored.
/// </summary>
internal sealed partial class TerminationSignals : IDisposable
{
    // SIGXFSZ: a file became larger than the system allows this user. It has the same number on Linux and macOS.
    private const int FileSizeExceeded = 25;
    private const nint Ignore = 1;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _source = new();
    private readonly TaskCompletionSource _patienceEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];

    public TerminationSignals()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Handle));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle));
        // If the system ignores this signal, the write that was too much fails, and is reported with the name of its file. A registration
        // would not do: when it is disposed of, a signal that .NET has still to deliver ends the program.
        if (!OperatingSystem.IsWindows())
            _ = signal(FileSizeExceeded, Ignore);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Done some time after the first signal. Work that has not stopped by then need not be waited for.</summary>
    public Task PatienceEnded => _patienceEnded.Task;

    /// <summary>The exit code of a program that was stopped: 128 plus the number of the first signal, as in shells.</summary>
    public static int ExitCode { get; private set; } = Cli.ExitCode.Interrupted;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
            return;
        ExitCode = context.Signal switch
        {
            PosixSignal.SIGQUIT => Cli.ExitCode.Quit,
            PosixSignal.SIGTERM => Cli.ExitCode.Terminated,
            PosixSignal.SIGHUP => Cli.ExitCode.HungUp,
            _ => Cli.ExitCode.Interrupted,
        };
        context.Cancel = true;
        _ = Task.Delay(s_patience).ContinueWith(_ => _patienceEnded.TrySetResult(), TaskScheduler.Default);
        _source.Cancel();
    }

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
