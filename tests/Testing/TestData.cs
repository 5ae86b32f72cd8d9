namespace Gsasr.Testing;

/// <summary>Where the repository and its test data lie, whatever the working directory.</summary>
public static class TestData
{
    /// <summary>The folder with GSASR.Managed.sln, above the running program.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder tests/data.</summary>
    public static string Folder => Path.Combine(RepositoryRoot, "tests", "data");

    /// <summary>A file of tests/data/golden.</summary>
    public static string GoldenFile(string name) => Path.Combine(Folder, "golden", name);

    /// <summary>A file of tests/data/checkpoints.</summary>
    public static string CheckpointFile(string name) => Path.Combine(Folder, "checkpoints", name);

    /// <summary>A file of tests/data/photos.</summary>
    public static string PhotoFile(string name) => Path.Combine(Folder, "photos", name);

    /// <summary>A file of models/.</summary>
    public static string ModelFile(params string[] parts) => Path.Combine([RepositoryRoot, "models", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "GSASR.Managed.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"GSASR.Managed.sln is in no folder above {AppContext.BaseDirectory}.");
    }
}
