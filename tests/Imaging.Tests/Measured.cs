namespace Gsasr.Imaging.Tests;

/// <summary>Decoding with an eye on the memory it takes.</summary>
internal static class Measured
{
    /// <summary>Fails unless a file is refused as an image format, with no more than so many bytes allocated on the way.</summary>
    public static void AssertRefused(byte[] file, long maximumBytes, ImageLimits limits)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, limits));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= maximumBytes, $"{allocated} bytes were allocated for a file of {file.Length}.");
    }
}
