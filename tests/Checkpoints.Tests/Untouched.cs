namespace Gsasr.Checkpoints.Tests;

/// <summary>Asserts that reading a file leaves the file system as it is and allocates little.</summary>
internal static class Untouched
{
    /// <summary>Runs in an empty working directory of its own, which must stay empty, beside a copy of the file.</summary>
    public static void Run(string file, long maxAllocatedBytes, Action<string> action)
    {
        string folder = Directory.CreateTempSubdirectory("gsasr-checkpoints-").FullName;
        try
        {
            string copy = Path.Combine(folder, Path.GetFileName(file));
            File.Copy(file, copy);
            byte[] content = File.ReadAllBytes(copy);
            long before = GC.GetAllocatedBytesForCurrentThread();
            action(copy);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, maxAllocatedBytes);
            Assert.Equal([copy], Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories));
            Assert.Equal(content, File.ReadAllBytes(copy));
            foreach (string place in (string[])[Environment.CurrentDirectory, Path.GetDirectoryName(folder)!, AppContext.BaseDirectory])
            {
                Assert.False(File.Exists(Path.Combine(place, "pwned.txt")), "The checkpoint was executed.");
                Assert.False(File.Exists(Path.Combine(place, "evil.txt")), "The checkpoint was unpacked.");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
