namespace Gsasr.Cli;

/// <summary>The exit codes of the command.</summary>
public static class ExitCode
{
    /// <summary>Everything asked for was done.</summary>
    public const int Success = 0;

    /// <summary>Something prevented it; one line on the error stream says what.</summary>
    public const int Failure = 1;

    /// <summary>The arguments make no sense; nothing was tried.</summary>
    public const int Usage = 2;

    /// <summary>SIGHUP, as from a closed terminal, stopped the work. Nothing unfinished is left behind.</summary>
    public const int HungUp = 129;

    /// <summary>Ctrl-C (SIGINT) stopped the work. Nothing unfinished is left behind.</summary>
    public const int Interrupted = 130;

    /// <summary>Ctrl-\ (SIGQUIT) stopped the work. Nothing unfinished is left behind.</summary>
    public const int Quit = 131;

    /// <summary>SIGTERM stopped the work. Nothing unfinished is left behind.</summary>
    public const int Terminated = 143;
}
