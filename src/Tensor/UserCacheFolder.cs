namespace Gsasr.Tensors;

/// <summary>Where files are kept that can be made or fetched again.</summary>
internal static class UserCacheFolder
{
    /// <summary>
    /// The folder of a given name for such files: in the folder that the environment variable GSASR_CACHE names, else in gsasr in the
    /// user's cache folder (XDG_CACHE_HOME or ~/.cache, Library/Caches, %LOCALAPPDATA%). It need not exist. Null if there is no place for
    /// it. Of XDG_CACHE_HOME and HOME only full paths count: others would mean another folder in each working folder.
    /// </summary>
    /// <param name="name">The folder's name.</param>
    public static string? Find(string name)
    {
        if (Environment.GetEnvironmentVariable("GSASR_CACHE") is { Length: > 0 } chosen)
            return Path.Combine(Path.GetFullPath(chosen), name);
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (!Path.IsPathFullyQualified(home))
            home = "";
        string root =
            OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) :
            OperatingSystem.IsMacOS() && home.Length > 0 ? Path.Combine(home, "Library", "Caches") :
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache) ? cache :
            home.Length > 0 ? Path.Combine(home, ".cache") : "";
        return root.Length > 0 ? Path.Combine(root, "gsasr", name) : null;
    }
}
