namespace Gsasr.Cli.Models;

/// <summary>A server's answer, and what that server, or the servers that redirected to it, state about the file.</summary>
/// <param name="Response">The answer; its content has not been read yet.</param>
/// <param name="Sha256">The file's SHA-256 in small hexadecimal digits; null if none is stated.</param>
/// <param name="Length">The file's bytes; null if none are stated.</param>
internal sealed record HttpAnswer(HttpResponseMessage Response, string? Sha256, long? Length) : IDisposable
{
    public void Dispose() => Response.Dispose();
}
