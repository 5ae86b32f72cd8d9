namespace Gsasr.Cli.Models;

/// <summary>Lets one process at a time do something.</summary>
internal static class FileLock
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Takes the lock, and waits while somebody else has it. Disposing the result gives it back, and so does the end of the process.
    /// </summary>
    /// <param name="path">
    /// The lock's file, which is there as long as somebody has the lock. Of a process that was killed it stays, and the next one takes it.
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
                // With these modes .NET deletes the file before it gives the lock back, and whoever then gets the lock of the deleted file
                // opens a new one. So no two processes hold locks on files of the same name.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
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
