using System.Globalization;
using System.Runtime.CompilerServices;
using Gsasr.Checkpoints;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Cli;

/// <summary>Errors that a user can meet, each as one sentence.</summary>
internal static class Failures
{
    /// <summary>Runs an action. Exceptions that a user can understand become a line and an exit code.</summary>
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

    /// <summary>The exit code of a run that an exception ends.</summary>
    /// <param name="exception">What was thrown.</param>
    public static int ExitCodeOf(Exception exception) => exception is OperationCanceledException ? TerminationSignals.ExitCode : ExitCode.Failure;

    /// <summary>What went wrong, as a sentence for the user.</summary>
    /// <param name="exception">What was thrown.</param>
    public static string Describe(Exception exception) => exception switch
    {
        OperationCanceledException => "Cancelled; nothing was written.",
        _ when IsOutOfMemory(exception) =>
            AddressSpace.LimitBytes is null
                ? "There is not enough memory. Close other programs, or take --memory or a smaller image."
                : $"There is not enough memory or address space.{DescribeLimit()}",
        DeviceMemoryException when AddressSpace.LimitBytes is not null => $"{OneLine(exception.Message)}{DescribeLimit()}",

        FileNotFoundException or DirectoryNotFoundException when IsWorkingFolderGone() => DescribeWithoutFolder(exception.Message),

        // After the sentence come the parameter's name and its value, which are for programmers.
        ArgumentException { ParamName: string name } => OneLine(exception.Message.Split($" (Parameter '{name}')")[0]),
        CheckpointFormatException or ImageFormatException or DeviceException or ModelOutputException or IOException
            or UnauthorizedAccessException or ArgumentException or NotSupportedException => OneLine(exception.Message),

        // A fault of this program. A stack trace would not help its user; the type helps whoever looks for the fault.
        _ => $"Something unexpected went wrong: {exception.GetType().Name}: {OneLine(exception.Message)}",
    };

    // Whatever could not be made ready for want of memory throws exceptions around the one that says so.
    private static bool IsOutOfMemory(Exception? exception) => exception switch
    {
        null => false,
        OutOfMemoryException => true,

        // An assembly that there was no address space for, which the runtime says it cannot find.
        FileNotFoundException { FileName: string name } when AddressSpace.LimitBytes is not null && name.Contains(", Version=", StringComparison.Ordinal) => true,
        AggregateException aggregate => aggregate.InnerExceptions.Any(IsOutOfMemory),
        _ => IsOutOfMemory(exception.InnerException),
    };

    // What takes the address space is not known, but how much is enough was measured (docs/command-line.md).
    private static string DescribeLimit() => string.Create(
        CultureInfo.InvariantCulture,
        $" The limit of address space (ulimit -v) is {AddressSpace.LimitBytes >> 10:n0} KiB; {(RuntimeFeature.IsDynamicCodeCompiled ? "1,500,000" : "450,000")} are enough for a small picture, and a larger one takes more. Raise the limit, or remove it.");

    private static bool IsWorkingFolderGone()
    {
        try
        {
            Directory.GetCurrentDirectory();
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
    }

    // Where .NET asks for the working folder, the message names nothing.
    private static string DescribeWithoutFolder(string message)
    {
        const string Gone = "The working folder has been deleted; change to another one (cd), or give full paths.";
        return message == new FileNotFoundException().Message ? Gone : $"{OneLine(message)} {Gone}";
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
