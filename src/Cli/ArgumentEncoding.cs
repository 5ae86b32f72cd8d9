using System.Text.Unicode;

namespace Gsasr.Cli;

/// <summary>
/// Names in the arguments that are not UTF-8, as names of files on Linux need not be. The runtime has put replacement characters in the place
/// of their bytes, and opens no file by such a name.
/// </summary>
internal static class ArgumentEncoding
{
    /// <summary>Stands in a text for what is not UTF-8.</summary>
    public const char Replacement = '\uFFFD';

    private static readonly Lazy<bool> s_isIntact = new(IsIntact);

    /// <summary>Whether an argument is not what was given, as that was not UTF-8.</summary>
    /// <param name="argument">The argument.</param>
    public static bool IsDamaged(string argument) => argument.Contains(Replacement) && !s_isIntact.Value;

    // The replacement character is also a character like others, and can be meant.
    private static bool IsIntact()
    {
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            return Utf8.IsValid(File.ReadAllBytes("/proc/self/cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
