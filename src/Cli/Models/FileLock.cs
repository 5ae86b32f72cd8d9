namespace Gsasr.Cli.Models;

/// <summary>Lets one process at a time work in a folder.</summary>
internal static class FileLock
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Takes the lock, and waits while somebody else has it. Disposing the result gives it back, and so does the end of the process.
    /// </summary>
    /// <param name="path">
    /// The lock's file. It is created and never deleted; otherwise two processes could hold locks on files of the same name.
    /// </param>
    /// <param name="waiting">Called once if somebody else has it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be created.</exception>
    public static async Task<IDisposable> TakeAsync(string path, Action waiting, CancellationToken cancellation)
    {
        bool told = false;
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (!told)
                    waiting();
                told = true;
                await Task.Delay(s_pause, cancellation).ConfigureAwait(false);
            }
        }
    }

    // ERROR_SHARING_VIOLATION, and EWOULDBLOCK with its number on Linux and on macOS.
    private static bool IsHeld(IOException e) => e.HResult is unchecked((int)0x80070020) or 11 or 35;
}
