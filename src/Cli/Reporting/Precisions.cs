namespace Gsasr.Cli.Reporting;

/// <summary>Precisions in words.</summary>
internal static class Precisions
{
    /// <summary>The name of a precision, as in --precision.</summary>
    /// <param name="precision">The precision.</param>
    public static string Describe(this Precision precision) => precision switch
    {
        Precision.Mixed => "mixed",
        Precision.Float32 => "float32",
        _ => "auto",
    };
}
