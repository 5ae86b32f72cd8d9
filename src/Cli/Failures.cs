using Gsasr.Checkpoints;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Errors that a user can meet, as one sentence each.</summary>
internal static class Failures
{
    /// <summary>Runs an action and turns what it throws for the user's sake into a line and an exit code.</summary>
    /// <param name="error">Takes the line.</param>
    /// <param name="action">What to do; returns the exit code.</param>
    public static async Task<int> ReportAsync(TextWriter error, Func<Task<int>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await error.WriteLineAsync(Describe(e)).ConfigureAwait(false);
            return ExitCodeOf(e);
        }
    }

    /// <summary>What the command answers when this ends it.</summary>
    /// <param name="exception">What was thrown.</param>
    public static int ExitCodeOf(Exception exception) => exception is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failure;

    /// <summary>What went wrong, as a sentence for the user.</summary>
    /// <param name="exception">What was thrown.</param>
    public static string Describe(Exception exception) => exception switch
    {
        OperationCanceledException => "Cancelled; nothing was written.",
        OutOfMemoryException => "The computer has too little memory left for this image.",

        // Behind the sentence stand the parameter's name and its value, which are for programmers.
        ArgumentException { ParamName: string name } => OneLine(exception.Message.Split($" (Parameter '{name}')")[0]),
        CheckpointFormatException or ImageFormatException or DeviceException or ModelOutputException or IOException
            or UnauthorizedAccessException or ArgumentException or NotSupportedException => OneLine(exception.Message),

        // A mistake of this program, which a stack trace would not explain to its user; the type helps whoever looks for it.
        _ => $"Something unexpected went wrong: {exception.GetType().Name}: {OneLine(exception.Message)}",
    };

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
