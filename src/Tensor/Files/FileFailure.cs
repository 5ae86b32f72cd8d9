namespace Gsasr.Tensors.Files;

/// <summary>What the system says about a file or folder that cannot be created or written.</summary>
internal static class FileFailure
{
    /// <summary>
    /// The reason as the end of a sentence that has named the file. The path that .NET adds to its messages is left out: it can be that of a
    /// temporary file, which means nothing to the user.
    /// </summary>
    /// <param name="failure">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    public static string Reason(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return failure switch
        {
            UnauthorizedAccessException => "access is denied.",
            DirectoryNotFoundException => "there is no such folder.",
            FileNotFoundException => "no file can be created in this folder.",
            PathTooLongException => "its name or path is longer than the system allows.",
            _ => WithoutPath(failure.Message),
        };
    }

    // "No space left on device : '/folder/file'"
    private static string WithoutPath(string message)
    {
        int path = message.IndexOf(" : '", StringComparison.Ordinal);
        return path > 0 && message.EndsWith('\'') ? message[..path] + "." : message;
    }
}
