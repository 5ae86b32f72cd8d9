using Gsasr.Tensors;

namespace Gsasr.Cli.Models;

/// <summary>The folder of pulled models: a file NAME.safetensors for each.</summary>
internal static class ModelStore
{
    private const string Extension = ".safetensors";
    private const int LongestName = 64;

    /// <summary>The folder, which need not exist.</summary>
    /// <exception cref="IOException">The user has no folder for such files.</exception>
    public static string Folder => UserCacheFolder.Find("models")
        ?? throw new IOException("There is no folder for models, as this user has no home folder whose full path is known (HOME); name one in the environment variable GSASR_CACHE.");

    /// <summary>The path of a model when it is pulled.</summary>
    /// <param name="name">The name.</param>
    public static string PathOf(string name) => Path.Combine(Folder, name + Extension);

    /// <summary>The names of the pulled models, in alphabetical order.</summary>
    public static IEnumerable<string> Names => Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, "*" + Extension).Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(IsName).Order(StringComparer.Ordinal)
        : [];

    /// <summary>Whether a text can name a model: small letters, digits and hyphens, with dots and underscores between.</summary>
    /// <param name="text">The text.</param>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= LongestName
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.' or '_')
        && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);

    /// <summary>Opens the built-in model, a model at a path, or, if there is nothing at that path, the pulled model of that name.</summary>
    /// <param name="pathOrName">The path or name.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="FileNotFoundException">There is no such model; for a published one the message says how to get it.</exception>
    public static GsasrModel Load(string pathOrName, CancellationToken cancellation)
    {
        bool isBuiltIn = pathOrName.Equals(GsasrModel.DefaultName, StringComparison.OrdinalIgnoreCase);
        if (isBuiltIn || File.Exists(pathOrName) || Directory.Exists(pathOrName) || !IsName(pathOrName))
            return GsasrModel.Load(pathOrName, cancellation);
        string path = PathOf(pathOrName);
        if (File.Exists(path))
            return GsasrModel.Load(path, cancellation);
        if (PublishedModel.Find(pathOrName) is not null)
            throw Missing(pathOrName);
        try
        {
            return GsasrModel.Load(pathOrName, cancellation);
        }
        catch (FileNotFoundException e)
        {
            throw new FileNotFoundException(e.Message + " 'gsasr models list' names those that can be downloaded.", e);
        }
    }

    /// <summary>Says that a model is not there, and how to get it.</summary>
    /// <param name="name">Its name.</param>
    public static FileNotFoundException Missing(string name) => new(PublishedModel.Find(name) is not null
        ? $"The model {name} is not on this computer; 'gsasr models pull {name}' downloads it."
        : $"There is no model '{name}'; 'gsasr models list' names those that can be downloaded.");
}
