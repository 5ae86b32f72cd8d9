using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Gsasr.Cli.Models;

/// <summary>
/// One file from a server. If the transfer breaks, what has arrived stays where it is, with the server's tag of the file beside it. Later
/// the rest of the file with that tag is asked for.
/// </summary>
/// <param name="source">The connection.</param>
/// <param name="address">The file there.</param>
/// <param name="path">The file here.</param>
internal sealed class Download(HttpSource source, Uri address, string path)
{
    /// <summary>The most bytes of a file. No published one has a quarter of it.</summary>
    private const long MostBytes = 1L << 30;

    private const int MostFruitlessTries = 3;
    private const int BufferBytes = 1 << 16;

    private string TagPath => path + ".etag";

    /// <summary>Fetches the file, or what is missing of it, and verifies length and hash if the server states them.</summary>
    /// <param name="progress">Takes shares from 0 to 1.</param>
    /// <param name="cancellation">Ends it; what has arrived stays.</param>
    /// <returns>The file's SHA-256, and whether the server states it.</returns>
    /// <exception cref="IOException">It cannot be fetched or written, or is not what the server states; the message says what to do.</exception>
    public async Task<(string Sha256, bool IsStated)> RunAsync(IProgress<double> progress, CancellationToken cancellation)
    {
        int fruitless = 0;
        while (true)
        {
            long before = Arrived;
            try
            {
                using HttpAnswer answer = await ReceiveAsync(progress, cancellation).ConfigureAwait(false);
                string sha256 = await HashAsync(cancellation).ConfigureAwait(false);
                if (answer.Sha256 is string stated && sha256 != stated)
                    throw Rejected($"has the SHA-256 {sha256}, but the server states {stated}");
                return (sha256, answer.Sha256 is not null);
            }
            catch (BrokenTransferException e)
            {
                fruitless = Arrived > before ? 0 : fruitless + 1;
                if (fruitless == MostFruitlessTries)
                {
                    throw new IOException(
                        $"{HttpSource.Show(address)}: the transfer broke off after {Text(Arrived)} bytes: {e.Message.TrimEnd('.')}. The same command "
                        + "goes on from there, or from the beginning if the server cannot give the rest.",
                        e);
                }

                await Task.Delay(TimeSpan.FromSeconds(fruitless), cancellation).ConfigureAwait(false);
            }
        }
    }

    private long Arrived => File.Exists(path) ? new FileInfo(path).Length : 0;

    private async Task<HttpAnswer> ReceiveAsync(IProgress<double> progress, CancellationToken cancellation)
    {
        // The last byte that is here is asked for again, so that there is always a rest, unless the file has become shorter.
        long from = Arrived - 1;
        EntityTagHeaderValue? tag = from >= 0 && File.Exists(TagPath) && EntityTagHeaderValue.TryParse(File.ReadAllText(TagPath), out tag) ? tag : null;
        HttpAnswer answer = await source.GetAsync(address, from, tag, cancellation).ConfigureAwait(false);
        try
        {
            HttpResponseMessage response = answer.Response;
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                Delete();
                throw new BrokenTransferException("the server has no rest of that file", null);
            }

            bool isRest = response.StatusCode == HttpStatusCode.PartialContent;
            ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
            if (isRest && (tag is null || range is not { From: long first, Length: not null } || first != from))
                throw Rejected("came as another part than was asked for");
            long? length = isRest ? range!.Length : response.Content.Headers.ContentLength;
            CheckLength(length, answer.Length);
            await WriteAsync(response, isRest ? from : 0, length ?? answer.Length, progress, cancellation).ConfigureAwait(false);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private void CheckLength(long? length, long? stated)
    {
        if (length is not null && stated is not null && length != stated)
            throw Rejected($"has {Text(length.Value)} bytes, but the server states {Text(stated.Value)}");
        if ((length ?? stated) > MostBytes)
            throw Rejected($"has {Text((length ?? stated)!.Value)} bytes, more than any model's file. Refused");
    }

    private async Task WriteAsync(HttpResponseMessage response, long from, long? length, IProgress<double> progress, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        file.SetLength(from);
        if (from == 0)
            KeepTag(response.Headers.ETag);
        file.Position = from;
        Stream body = await ReadAsync(limit => response.Content.ReadAsStreamAsync(limit), cancellation).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            var buffer = new byte[BufferBytes];
            while (true)
            {
                int count = await ReadAsync(limit => body.ReadAsync(buffer, limit).AsTask(), cancellation).ConfigureAwait(false);
                if (count == 0)
                    break;
                if (file.Position + count > (length ?? MostBytes))
                    throw Rejected($"is longer than {Text(length ?? MostBytes)} bytes. Refused");
                await file.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
                if (length > 0)
                    progress.Report((double)file.Position / length.Value);
            }
        }

        if (length is not null && file.Position != length)
            throw new BrokenTransferException($"{Text(file.Position)} of {Text(length.Value)} bytes came", null);
    }

    // Only a strong tag promises that the rest fits byte by byte.
    private void KeepTag(EntityTagHeaderValue? tag)
    {
        if (tag is { IsWeak: false })
            File.WriteAllText(TagPath, tag.ToString());
        else
            File.Delete(TagPath);
    }

    private static async Task<T> ReadAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            return await HttpSource.WithTimeoutAsync(read, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new BrokenTransferException(e.Message, e);
        }
    }

    private async Task<string> HashAsync(CancellationToken cancellation)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation).ConfigureAwait(false));
    }

    // A file that is not what it should be is deleted.
    private IOException Rejected(string fault)
    {
        Delete();
        return new IOException($"{HttpSource.Show(address)} {fault}.");
    }

    private void Delete()
    {
        File.Delete(path);
        File.Delete(TagPath);
    }

    private static string Text(long count) => count.ToString("n0", CultureInfo.InvariantCulture);

    /// <summary>The connection ended too early; asking again may help.</summary>
    private sealed class BrokenTransferException(string message, Exception? cause) : Exception(message, cause);
}
