using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gsasr.Cli.Tests.Models;

/// <summary>What <c>gsasr models pull</c> does not take, and how it says so.</summary>
public sealed class PullRefusalTests : PullTestBase
{
    public static TheoryData<string[], string> BadArguments => new()
    {
        { ["pull"], "missing" },
        { ["pull", "gsasr-lite"], "built in" },
        { ["pull", "nonsense"], "edsr-paper, rdn-paper" },
        { ["pull", "../escape", "--from", "."], "'../escape' is no name" },
        { ["pull", "Capital", "--from", "."], "'Capital' is no name" },
        { ["pull", ".hidden", "--from", "."], "'.hidden' is no name" },
        { ["pull", "tiny", "--from", ""], "--from is empty" },
        { ["pull", "tiny", "--from", "https://"], "no address" },
        { ["pull", "tiny", "--from", "https://me:secret@host/x"], "would not be sent" },
        { ["pull", "edsr-paper", "--sha256", "abc"], "64 hexadecimal digits; it is 'abc'" },
        { ["nonsense"], "nonsense" },
    };

    [Theory]
    [MemberData(nameof(BadArguments))]
    public async Task Senseless_arguments_give_2_and_a_hint(string[] arguments, string part)
    {
        Outcome outcome = await CommandLine.RunAsync(["models", .. arguments]);
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains(part, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(arguments[0] == "pull" ? "Try 'gsasr models pull --help'." : "Try 'gsasr models --help'.", outcome.ErrorLines[^1]);
    }

    [Fact]
    public async Task A_hash_that_the_server_does_not_state_is_refused()
    {
        string other = new('a', 64);
        using var server = new FileServer(request => Good(request).With("X-Linked-ETag", $"\"{other}\""));
        AssertFailed(await PullAsync(server), "encoder.pth has the SHA-256 " + Sha256(Files["encoder.pth"]), other);
    }

    [Fact]
    public async Task A_hash_that_the_user_does_not_give_is_refused()
    {
        using var server = new FileServer(Good);
        AssertFailed(await PullAsync(server, "--sha256", Sha256(Files["encoder.pth"])), "decoder.pth", Sha256(Files["decoder.pth"]));
        AssertPulled(await PullAsync(server, "--sha256", Sha256(Files["encoder.pth"]), "--sha256", Sha256(Files["decoder.pth"])));
    }

    [Fact]
    public async Task Damage_that_no_hash_shows_is_found_by_the_checksums_in_the_file()
    {
        byte[] damaged = [.. Files["decoder.pth"]];
        damaged[damaged.Length / 2] ^= 1;
        using var server = new FileServer(request => request.File == "decoder.pth" ? FileReply.Of(request, damaged, "\"d\"") : Good(request));
        AssertFailed(await PullAsync(server), "decoder.pth is damaged", "checksum");
    }

    [Fact]
    public async Task A_model_of_another_kind_does_not_take_a_published_name()
    {
        using var server = new FileServer(Good);
        Outcome outcome = await RunAsync("models", "pull", "rdn-df2k", "--from", server.Address);
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Contains("kind gsasr-lite, and rdn-df2k is rdn", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(ModelsFolder));
    }

    [Theory]
    [InlineData(401, "HF_TOKEN")]
    [InlineData(403, "conditions")]
    [InlineData(404, "--from")]
    [InlineData(418, "status 418")]
    [InlineData(429, "Try again later")]
    [InlineData(503, "Try again later")]
    public async Task A_refusal_says_what_to_do(int status, string advice)
    {
        using var server = new FileServer(_ => new FileReply(status, Encoding.ASCII.GetBytes("<html>")).With("Content-Type", "text/html"));
        AssertFailed(await PullAsync(server), $"{server.Address}/folder/encoder.pth", $"{status}", advice);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_is_named_and_not_shown()
    {
        using var server = new FileServer(_ => new FileReply(401, []));
        Environment["HF_ENDPOINT"] = server.Address;
        AssertFailed(await PullAsync(server), $"Make a token at {server.Address}/settings/tokens");
        Environment["HF_TOKEN"] = "hf_secret";
        Outcome outcome = await PullAsync(server);
        AssertFailed(outcome, "does not accept the token in HF_TOKEN");
        Assert.DoesNotContain("hf_secret", outcome.Error, StringComparison.Ordinal);
        Environment["HF_TOKEN"] = "two\nlines";
        AssertFailed(await PullAsync(server), "HF_TOKEN holds characters");
    }

    [Fact]
    public async Task A_page_to_log_in_is_not_taken_for_a_file()
    {
        using var server = new FileServer(request => request.Path == "/login"
            ? new FileReply(200, Encoding.ASCII.GetBytes("<!DOCTYPE html><title>Log in</title>")).With("Content-Type", "text/html; charset=utf-8")
            : FileReply.Redirect("/login"));
        AssertFailed(await PullAsync(server), "/login is a web page");
    }

    [Fact]
    public async Task A_page_that_pretends_to_be_a_file_is_not_taken_for_one()
    {
        using var server = new FileServer(_ => new FileReply(200, Encoding.ASCII.GetBytes("<!DOCTYPE html><title>Log in</title>")));
        AssertFailed(await PullAsync(server), "encoder.pth is a web page");
    }

    [Fact]
    public async Task Redirects_end_at_some_time()
    {
        using var server = new FileServer(request => FileReply.Redirect(request.Path));
        AssertFailed(await PullAsync(server), "redirects more than 10 times");
        Assert.Equal(11, server.Requests.Count);
    }

    [Theory]
    [InlineData("file:///etc/passwd", "file:")]
    [InlineData("ftp://127.0.0.1/encoder.pth", "ftp:")]
    public async Task Redirects_to_what_is_no_web_server_are_refused(string location, string part)
    {
        using var server = new FileServer(_ => FileReply.Redirect(location));
        AssertFailed(await PullAsync(server), part, "refused");
    }

    [Fact]
    public async Task A_redirect_out_of_encryption_is_refused_and_a_stranger_s_certificate_too()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("SSL_CERT_FILE is how OpenSSL is told what to trust.");
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 withKey = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        using var plain = new FileServer(Good);
        bool encrypted = false;
        using var server = new FileServer(asked => encrypted ? Good(asked) : FileReply.Redirect($"{plain.Address}{asked.Path}"), withKey);

        AssertFailed(await PullAsync(server), "127.0.0.1 cannot be reached", "certificate");
        await File.WriteAllTextAsync(Folder.File("ca.pem"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        Environment["SSL_CERT_FILE"] = Folder.File("ca.pem");
        AssertFailed(await PullAsync(server), "not encrypted");
        Assert.Empty(plain.Requests);
        encrypted = true;
        AssertPulled(await PullAsync(server));
    }

    [Theory]
    [InlineData("Content-Length", "9999999999", "9,999,999,999 bytes, more than any model's file")]
    [InlineData("X-Linked-Size", "99999999999", "but the server states 99,999,999,999")]
    [InlineData("X-Linked-Size", "17", "but the server states 17")]
    public async Task A_length_that_cannot_be_is_refused_before_the_transfer(string header, string value, string part)
    {
        using var server = new FileServer(request => Good(request).With(header, value));
        AssertFailed(await PullAsync(server), part);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_file_without_a_length_that_grows_beyond_the_stated_one_is_refused()
    {
        using var server = new FileServer(request => (Good(request) with { WithoutLength = true }).With("X-Linked-Size", "100000"));
        AssertFailed(await PullAsync(server), "longer than 100,000 bytes");
    }

    [Fact]
    public async Task A_server_that_never_sends_the_end_is_given_up()
    {
        using var server = new FileServer(request => request.Header("Range") is null
            ? Good(request) with { CutAfter = 70_000 }
            : Good(request) with { CutAfter = 1 });
        AssertFailedKeeping(await PullAsync(server), "broke off after 70,000 bytes", "goes on from there");
        Assert.Equal(4, server.Requests.Count);
        using var healed = new FileServer(Good);
        AssertPulled(await PullAsync(healed));
        Assert.Equal("bytes=69999-", healed.Requests.First().Header("Range"));
    }

    [Fact]
    public async Task Without_a_network_it_says_what_works_without_one()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string address = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();
        AssertFailed(await RunAsync("models", "pull", "tiny", "--from", address), "127.0.0.1 cannot be reached", "--from FOLDER");
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        AssertFailed(await RunAsync("models", "pull", "tiny", "--from", "absent"), "no folder absent");
        (await RunAsync("models", "path", "hatl-sa1b")).AssertFailed(ExitCode.Failure, "'gsasr models pull hatl-sa1b'");
        (await RunAsync("models", "path", "tiny")).AssertFailed(ExitCode.Failure, "no model 'tiny'");
        Assert.Equal(Path.Combine(Folder.Path, "models"), (await RunAsync("models", "path")).Output.Trim());
        Outcome list = await RunAsync("models", "list");
        Assert.Matches(@"hatl-sa1b +- +huggingface\.co/mutou0308/GSASR GSASR_enhenced_ultra/HATL_SA1B", list.Output);
        Assert.Contains("licence", list.Output, StringComparison.Ordinal);
    }
}
