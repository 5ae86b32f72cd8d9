namespace Gsasr.Cli.Models;

/// <summary>What a server answered, and what it or the servers that pointed to it say about the file.</summary>
/// <param name="Response">The answer, whose content is yet to be read.</param>
/// <param name="Sha256">The file's SHA-256 in small hexadecimal digits; null where none is stated.</param>
/// <param name="Length">The file's bytes; null where none are stated.</param>
internal sealed record HttpAnswer(HttpResponseMessage Response, string? Sha256, long? Length) : IDisposable
{
    public void Dispose() => Response.Dispose();
}
