using System.Globalization;

namespace Gsasr.Cli.Tests.Models;

/// <summary>What a <see cref="FileServer"/> answers.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The content.</param>
internal sealed record FileReply(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>After this many bytes of the content the connection ends.</summary>
    public int CutAfter { get; init; } = int.MaxValue;

    /// <summary>After this many bytes of the content nothing comes for more than a second.</summary>
    public int PauseAfter { get; init; }

    /// <summary>Instead of ending, the connection stays open and nothing more comes.</summary>
    public bool ThenStalls { get; init; }

    /// <summary>The length is not announced.</summary>
    public bool WithoutLength { get; init; }

    /// <summary>Adds a header.</summary>
    public FileReply With(string name, string value)
    {
        Headers[name] = value;
        return this;
    }

    /// <summary>Points to another place.</summary>
    public static FileReply Redirect(string location) => new FileReply(302, []).With("Location", location);

    /// <summary>Sends a file, or the part of it that is asked for and not outdated, as RFC 9110 says.</summary>
    public static FileReply Of(FileRequest request, byte[] file, string tag)
    {
        bool wantsPart = request.Header("Range") is not null && (request.Header("If-Range") ?? tag) == tag;
        if (!wantsPart)
            return new FileReply(200, file).With("ETag", tag).With("Accept-Ranges", "bytes");
        int from = int.Parse(request.Header("Range")!["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
        return from >= file.Length
            ? new FileReply(416, []).With("Content-Range", $"bytes */{file.Length}")
            : new FileReply(206, file[from..]).With("ETag", tag).With("Content-Range", $"bytes {from}-{file.Length - 1}/{file.Length}");
    }
}
