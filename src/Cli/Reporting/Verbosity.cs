namespace Gsasr.Cli.Reporting;

/// <summary>How much is said.</summary>
internal enum Verbosity
{
    /// <summary>Only what went wrong (--quiet).</summary>
    Quiet,

    /// <summary>Progress, notes and results.</summary>
    Normal,

    /// <summary>Also the device, the stages, and how long they took (--verbose).</summary>
    Verbose,
}
