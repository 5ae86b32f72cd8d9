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
    public void A_missing_folder_is_reported_as_such()
    {
        string path = Path.Combine(_folder, "missing", "result.bin");
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(path, stream => stream.WriteByte(1)));
    }

    [Fact]
    public void A_folder_of_that_name_is_not_replaced()
    {
        Directory.CreateDirectory(Target);
        Exception? exception = Record.Exception(() => AtomicFile.Write(Target, stream => stream.WriteByte(1)));
        Assert.True(exception is IOException or UnauthorizedAccessException, $"{exception}");
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
}
