using System.Diagnostics;
using Gsasr.Tensors.Files;

namespace Gsasr.Imaging.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string Target => Path.Combine(_folder, "result.bin");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_file_appears_whole_and_replaces_an_earlier_one()
    {
        AtomicFile.Write(Target, stream => stream.Write([1, 2, 3]));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Target));
        AtomicFile.Write(Target, stream =>
        {
            stream.Write([4]);
            Assert.Equal([1, 2, 3], File.ReadAllBytes(Target));
        });
        Assert.Equal([4], File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_failure_leaves_the_earlier_file_and_nothing_else()
    {
        File.WriteAllBytes(Target, [9]);
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write([1, 2, 3]);
            throw new InvalidOperationException();
        }));
        Assert.Equal([9], File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_failed_is_not_written_any_more_when_it_is_given_up()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There is no ln on Windows.");
        // A second name keeps what was written.
        string kept = Path.Combine(_folder, "kept");
        using (var file = new AtomicFile(Target))
        {
            using (var link = Process.Start("ln", [Assert.Single(Directory.GetFileSystemEntries(_folder)), kept]))
                link.WaitForExit();
            Assert.Throws<IOException>(() => file.Complete(stream =>
            {
                stream.Write(new byte[1000]);
                throw new IOException("The disk is full.");
            }));
        }

        Assert.Equal([kept], Directory.GetFileSystemEntries(_folder));
        Assert.Equal(0, new FileInfo(kept).Length);
    }

    [Fact]
    public void A_missing_folder_is_reported_as_such()
    {
        string path = Path.Combine(_folder, "missing", "result.bin");
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(path, stream => stream.WriteByte(1)));
    }

    [Fact]
    public void A_folder_of_that_name_is_not_replaced()
    {
        Directory.CreateDirectory(Target);
        var refusal = Assert.Throws<IOException>(() => AtomicFile.Write(Target, stream => stream.WriteByte(1)));
        Assert.Contains($"{Target} is a folder", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_symbolic_link_is_followed_not_replaced()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Creating symbolic links takes a privilege on Windows.");
        string link = Path.Combine(_folder, "link.bin");
        File.WriteAllBytes(Target, [1]);
        File.CreateSymbolicLink(link, Target);
        AtomicFile.Write(link, stream => stream.WriteByte(2));
        Assert.Equal([2], File.ReadAllBytes(Target));
        Assert.NotNull(new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void A_device_is_written_not_replaced()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There is no /dev on Windows.");
        AtomicFile.Write("/dev/null", stream => stream.WriteByte(2));
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Empty(File.ReadAllBytes("/dev/null"));
    }

    [Fact]
    public void A_file_in_a_folder_of_dev_is_a_file()
    {
        if (!Directory.Exists("/dev/shm"))
            Assert.Skip("There is no /dev/shm here.");
        string path = $"/dev/shm/gsasr-test-{Guid.NewGuid():N}.bin";
        try
        {
            AtomicFile.Write(path, stream => stream.WriteByte(2));
            AtomicFile.Write(path, stream => stream.WriteByte(3));
            Assert.Equal([3], File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_pipe_is_written_not_replaced()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Pipes are no files on Windows.");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [Target]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        Task<byte[]> reading = Task.Run(() => File.ReadAllBytes(Target), TestContext.Current.CancellationToken);
        AtomicFile.Write(Target, stream => stream.Write([7, 8]));
        Assert.Equal([7, 8], await reading);
    }

    [Fact]
    public void A_file_is_replaced_only_where_that_is_allowed()
    {
        File.WriteAllBytes(Target, [9]);
        var refusal = Assert.Throws<IOException>(() => new AtomicFile(Target, overwrite: false));
        Assert.Contains($"{Target} exists already", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_comes_into_being_meanwhile_is_not_replaced_either()
    {
        using (var file = new AtomicFile(Target, overwrite: false))
        {
            File.WriteAllBytes(Target, [9]);
            var refusal = Assert.Throws<IOException>(() => file.Complete(stream => stream.WriteByte(1)));
            Assert.Contains($"{Target} exists already", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal([9], File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void What_is_never_completed_leaves_nothing()
    {
        using (new AtomicFile(Target))
            Assert.Single(Directory.GetFileSystemEntries(_folder));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Messages_name_the_file_and_not_the_temporary_one()
    {
        string missing = Path.Combine(_folder, "missing", "result.bin");
        var refusal = Assert.Throws<DirectoryNotFoundException>(() => new AtomicFile(missing));
        Assert.Contains(missing, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", refusal.Message, StringComparison.Ordinal);
        if (!OperatingSystem.IsLinux())
            return;
        var failure = Assert.ThrowsAny<Exception>(() => new AtomicFile("/proc/result.bin"));
        Assert.True(failure is IOException or UnauthorizedAccessException, $"{failure}");
        Assert.Contains("/proc/result.bin cannot be written", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", failure.Message, StringComparison.Ordinal);
    }
}
