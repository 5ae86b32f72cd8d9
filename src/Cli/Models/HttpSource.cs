using System.Net;
using System.Net.Http.Headers;

namespace Gsasr.Cli.Models;

/// <summary>Asks HTTP servers for files the way Hugging Face wants it: with its token, and following redirects.</summary>
/// <param name="endpoint">The server that the token is for.</param>
/// <param name="token">A Hugging Face token, or null.</param>
internal sealed class HttpSource(Uri endpoint, string? token) : IDisposable
{
    private const int MostRedirects = 10;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(30),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>An address for messages, without parts that may be secret.</summary>
    /// <param name="address">The address.</param>
    public static string Show(Uri address) => address.GetLeftPart(UriPartial.Path);

    /// <summary>Waits for one step of a transfer, for a limited time.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="step">The step.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="IOException">Nothing came for a minute.</exception>
    public static async Task<T> WithTimeoutAsync<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_patience);
        try
        {
            return await step(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"nothing came for {s_patience.TotalSeconds:0} seconds", e);
        }
    }

    /// <summary>Asks for a file, or for the rest of it.</summary>
    /// <param name="address">The file.</param>
    /// <param name="from">The first byte that is wanted.</param>
    /// <param name="tag">
    /// The tag of the file whose rest is wanted; if the file has another one, the server sends all of it. Null to ask for all.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The answer of the last server: 200, 206, or 416 if there is no such rest.</returns>
    /// <exception cref="IOException">A server cannot be reached or does not give the file; the message says why and what to do.</exception>
    public async Task<HttpAnswer> GetAsync(Uri address, long from, EntityTagHeaderValue? tag, CancellationToken cancellation)
    {
        string? sha256 = null;
        long? length = null;
        Uri current = address;
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await SendAsync(current, from, tag, cancellation).ConfigureAwait(false);
            try
            {
                // Hugging Face states length and hash in its first redirect, and sends the file from elsewhere.
                sha256 ??= Sha256Of(response);
                length ??= LengthOf(response);
                if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
                {
                    RefuseWebPage(response, current);
                    return new HttpAnswer(response, sha256, length);
                }

                if (response.Headers.Location is not Uri location || (int)response.StatusCode is < 300 or > 399)
                    throw Refusal(response.StatusCode, current);
                if (redirects == MostRedirects)
                    throw new IOException($"{Show(address)} redirects more than {MostRedirects} times; the server is at fault.");
                current = Redirected(address, current, location);
            }
            catch
            {
                response.Dispose();
                throw;
            }

            response.Dispose();
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, EntityTagHeaderValue? tag, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("gsasr", typeof(HttpSource).Assembly.GetName().Version!.ToString(3)));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (token is not null && IsEndpoint(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (tag is not null)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            request.Headers.IfRange = new RangeConditionHeaderValue(tag);
        }

        try
        {
            return await WithTimeoutAsync(
                limit => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit), cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new IOException(
                $"{address.Host} cannot be reached: {(e.InnerException ?? e).Message.TrimEnd('.')}. Without a network, gsasr-lite and the models "
                + "that are pulled already work; with files from another computer use --from FOLDER.",
                e);
        }
    }

    private bool IsEndpoint(Uri address) =>
        Uri.Compare(address, endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static Uri Redirected(Uri source, Uri current, Uri location)
    {
        var next = new Uri(current, location);
        if (next.Scheme != Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttp)
            throw new IOException($"{Show(current)} redirects to an address of the kind {next.Scheme}:; refused.");
        if (source.Scheme == Uri.UriSchemeHttps && next.Scheme == Uri.UriSchemeHttp)
            throw new IOException($"{Show(current)} redirects to {Show(next)}, which is not encrypted: anybody between could change the file. Refused.");
        return next;
    }

    private static void RefuseWebPage(HttpResponseMessage response, Uri address)
    {
        if (response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable
            && response.Content.Headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml")
        {
            throw new IOException(
                $"{Show(address)} is a web page and not the file: perhaps a page to log in, of the site or of the network here. "
                + "(At Hugging Face, addresses of files have /resolve/ in them, not /tree/ or /blob/.)");
        }
    }

    private IOException Refusal(HttpStatusCode status, Uri address)
    {
        string site = $"{address.Scheme}://{address.Authority}";
        bool isEndpoint = IsEndpoint(address);
        string what = status switch
        {
            HttpStatusCode.Unauthorized when !isEndpoint =>
                $"wants to know who asks (401), and HF_TOKEN is for {endpoint.Host} alone. Fetch the files in another way and use --from FOLDER",
            HttpStatusCode.Unauthorized when token is null =>
                $"wants to know who asks (401). Make a token at {site}/settings/tokens and put it into the environment variable HF_TOKEN",
            HttpStatusCode.Unauthorized => "does not accept the token in HF_TOKEN (401)",
            HttpStatusCode.Forbidden =>
                "is not open to everybody (403). Look at the model's page in a browser, where its conditions may have to be accepted, and put a "
                + "token of the account that did so into the environment variable HF_TOKEN",
            HttpStatusCode.NotFound or HttpStatusCode.Gone =>
                $"does not exist ({(int)status}). The files may have moved: find them at {site} and give the address of their folder with --from",
            HttpStatusCode.TooManyRequests => "is asked too often (429). Try again later",
            >= HttpStatusCode.InternalServerError => $"cannot be had now ({(int)status}). Try again later",
            _ => $"was answered with the status {(int)status}",
        };
        return new IOException($"{Show(address)} {what}.");
    }

    private static string? Sha256Of(HttpResponseMessage response)
    {
        string? text = Header(response, "X-Linked-ETag")?.Trim('"').ToLowerInvariant();
        return text is not null && ModelPull.IsSha256(text) ? text : null;
    }

    private static long? LengthOf(HttpResponseMessage response) =>
        long.TryParse(Header(response, "X-Linked-Size"), out long length) && length >= 0 ? length : null;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First().Trim() : null;
}
