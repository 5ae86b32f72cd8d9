using Gsasr.Checkpoints;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Errors that a user can meet, as one line each.</summary>
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
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Cancelled; nothing was written.").ConfigureAwait(false);
            return ExitCode.Interrupted;
        }
        catch (OutOfMemoryException)
        {
            await error.WriteLineAsync("The computer has too little memory left for this image.").ConfigureAwait(false);
            return ExitCode.Failure;
        }
        catch (Exception e) when (e is CheckpointFormatException or ImageFormatException or DeviceException or ModelOutputException
            or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Behind the sentence stand the parameter's name and its value, which are for programmers.
            string line = (e is ArgumentException { ParamName: string name }
                ? e.Message.Split($" (Parameter '{name}')")[0]
                : e.Message).ReplaceLineEndings(" ");
            await error.WriteLineAsync(line).ConfigureAwait(false);
            return ExitCode.Failure;
        }
        catch (Exception e)
        {
            // A mistake of this program, which a stack trace would not explain to its user; the type helps whoever looks for it.
            await error.WriteLineAsync($"Something unexpected went wrong: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}").ConfigureAwait(false);
            return ExitCode.Failure;
        }
    }
}
