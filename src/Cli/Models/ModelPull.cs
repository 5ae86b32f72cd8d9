using System.Globalization;
using System.Security.Cryptography;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Cli.Reporting;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Models;

/// <summary>Fetches a model and converts it into one file of the folder of pulled models.</summary>
internal sealed class ModelPull
{
    private const int Sha256Digits = 64;
    private const string HashSuffix = "_sha256";

    private static readonly string[] s_files = ["encoder.pth", "decoder.pth"];

    /// <summary>The name that the model gets.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The address of a folder with encoder.pth and decoder.pth, or a path on this computer; null for where the model is published.
    /// </summary>
    public required string? From { get; init; }

    /// <summary>The SHA-256 that the files may have, in small digits; empty if any will do.</summary>
    public required IReadOnlyList<string> Hashes { get; init; }

    public required bool Overwrite { get; init; }

    /// <summary>Whether a text is a SHA-256 in hexadecimal digits.</summary>
    /// <param name="text">The text.</param>
    public static bool IsSha256(string text) => text.Length == Sha256Digits && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether a text is the address of something on a server, and not a path.</summary>
    /// <param name="text">The text.</param>
    public static bool IsAddress(string text) =>
        text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Fetches and converts the model; the file is there complete or not at all.</summary>
    /// <param name="output">Takes lines that say what was done.</param>
    /// <param name="error">Takes the progress.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="IOException">A file cannot be fetched, read or written, or has another hash.</exception>
    /// <exception cref="CheckpointFormatException">It is no model, a damaged one, or not the one that was asked for.</exception>
    public async Task<int> RunAsync(TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        using TextReporter reporter = Reporter.ForText(Verbosity.Normal, output, error);
        string target = ModelStore.PathOf(Name);
        string work = Path.Combine(ModelStore.Folder, "." + Name);
        using IDisposable held = await TakeLockAsync(work + ".lock", reporter, cancellation).ConfigureAwait(false);
        if (File.Exists(target) && !Overwrite)
        {
            CheckKept(target);
            reporter.WriteResult($"{target}: {Name} is there already; --overwrite fetches it again.");
            return ExitCode.Success;
        }

        if (PublishedModel.Find(Name) is not null)
            reporter.WriteResult(PublishedModel.LicenceNote);
        string source = From is not null && !IsAddress(From) ? From : work;
        if (source == work)
            await DownloadAsync(work, reporter, cancellation).ConfigureAwait(false);
        GsasrArchitecture architecture = Convert(source, work, target, reporter);
        string parameters = (architecture.EncoderParameterCount + architecture.DecoderParameterCount).ToString("n0", CultureInfo.InvariantCulture);
        reporter.WriteResult($"{target}: {Name}, {architecture.Name} with {parameters} parameters; use it as --model {Name}");
        return ExitCode.Success;
    }

    private async Task<IDisposable> TakeLockAsync(string path, TextReporter reporter, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(ModelStore.Folder);
            return await FileLock.TakeAsync(
                path, () => reporter.Report(new NoteMade($"Another gsasr is fetching {Name}; waiting for it.")), cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The folder of models {ModelStore.Folder} cannot be written: {FileFailure.Reason(e)} Another one can be named in the environment variable GSASR_CACHE.", e);
        }
    }

    // What has arrived when a transfer breaks stays in the folder, for the next try.
    private async Task DownloadAsync(string work, TextReporter reporter, CancellationToken cancellation)
    {
        Uri endpoint = Endpoint();
        using var source = new HttpSource(endpoint, Token());
        string folder = From ?? new Uri(endpoint, $"/{PublishedModel.Repository}/resolve/main/{PublishedModel.Find(Name)!.Folder}").AbsoluteUri;
        int count = 0;
        Directory.CreateDirectory(work);
        try
        {
            foreach (string file in s_files)
            {
                // What follows a question mark in the address, such as a signature, is needed for the files too.
                var address = new UriBuilder(folder);
                address.Path = $"{address.Path.TrimEnd('/')}/{file}";
                string path = Path.Combine(work, file);
                (string sha256, bool isStated) = await new Download(source, address.Uri, path)
                    .RunAsync(reporter.Begin(++count, $"{Name} {file}", path), cancellation).ConfigureAwait(false);
                reporter.WriteResult($"{file}: SHA-256 {sha256}, {(isStated ? "as the server states" : "of which the server says nothing")}");
                if (!IsAllowed(sha256))
                {
                    Clear(work);
                    throw WrongHash(HttpSource.Show(address.Uri), sha256);
                }
            }
        }
        finally
        {
            if (Directory.Exists(work) && !Directory.EnumerateFileSystemEntries(work).Any())
                Directory.Delete(work);
        }
    }

    private GsasrArchitecture Convert(string source, string work, string target, TextReporter reporter)
    {
        if (source != work && !File.Exists(source) && !Directory.Exists(source))
            throw new FileNotFoundException($"There is no folder {source}; --from is a folder with encoder.pth and decoder.pth, or an address of one.");
        GsasrArchitecture architecture;
        try
        {
            using ModelCheckpoint model = ModelCheckpoint.Open(source);
            if (source != work)
                CheckHashes(model.Files.Values, reporter);
            architecture = GsasrArchitecture.Recognise(model);
            if (PublishedModel.Find(Name) is PublishedModel published && architecture.Name != published.Architecture)
            {
                throw new CheckpointFormatException(
                    $"{model.Source} is a model of the kind {architecture.Name}, and {Name} is {published.Architecture}; pull it under another name.");
            }

            ModelConverter.Convert(model, target, overwrite: true);
        }
        catch (CheckpointFormatException)
        {
            // Files that are no model now will be none at the next try, so they are deleted. After a full disk, in contrast, they are worth
            // keeping.
            Clear(work);
            throw;
        }

        Clear(work);
        return architecture;
    }

    private void CheckHashes(IEnumerable<string> paths, TextReporter reporter)
    {
        foreach (string path in paths)
        {
            using FileStream file = File.OpenRead(path);
            string sha256 = System.Convert.ToHexStringLower(SHA256.HashData(file));
            reporter.WriteResult($"{Path.GetFileName(path)}: SHA-256 {sha256}");
            if (!IsAllowed(sha256))
                throw WrongHash(path, sha256);
        }
    }

    private void CheckKept(string target)
    {
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(target);
        foreach ((string key, string sha256) in checkpoint.Metadata)
        {
            if (key.EndsWith(HashSuffix, StringComparison.Ordinal) && !IsAllowed(sha256))
                throw WrongHash($"The {key[..^HashSuffix.Length]} in {target}, which --overwrite fetches again,", sha256);
        }
    }

    private bool IsAllowed(string sha256) => Hashes.Count == 0 || Hashes.Contains(sha256);

    private IOException WrongHash(string what, string sha256) => new($"{what} has the SHA-256 {sha256}; --sha256 asks for {string.Join(" or ", Hashes)}.");

    private static void Clear(string work)
    {
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
    }

    private static Uri Endpoint()
    {
        string text = Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } chosen ? chosen : "https://huggingface.co";
        return IsAddress(text) && Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint)
            ? endpoint
            : throw new IOException($"The environment variable HF_ENDPOINT is '{text}', which is no address such as https://huggingface.co.");
    }

    private static string? Token()
    {
        string? token = Environment.GetEnvironmentVariable("HF_TOKEN")?.Trim();
        if (string.IsNullOrEmpty(token))
            return null;
        return token.All(c => c is > ' ' and < '\x7f')
            ? token
            : throw new IOException("The environment variable HF_TOKEN holds characters that no token has.");
    }
}
