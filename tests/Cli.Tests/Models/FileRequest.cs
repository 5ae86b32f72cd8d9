namespace Gsasr.Cli.Tests.Models;

/// <summary>What a program asked a <see cref="FileServer"/> for.</summary>
/// <param name="Path">The path, with what follows a question mark.</param>
/// <param name="Headers">The headers, whose names are looked up in letters of any case.</param>
internal sealed record FileRequest(string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The name of the file.</summary>
    public string File => Path.Split('?')[0].Split('/')[^1];

    /// <summary>A header, or null.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
