using System.Collections.ObjectModel;

namespace Gsasr;

/// <summary>Some images of <see cref="Upscaler.UpscaleBatch{T}"/> failed; the pictures of all others are there.</summary>
public sealed class UpscaleBatchException : Exception
{
    /// <summary>Creates the exception.</summary>
    public UpscaleBatchException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in words for the user.</param>
    public UpscaleBatchException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in words for the user.</param>
    /// <param name="innerException">The cause.</param>
    public UpscaleBatchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="failures">What happened to each image that failed, by its place in the batch; at least one.</param>
    /// <param name="count">How many images there were.</param>
    internal UpscaleBatchException(SortedDictionary<int, Exception> failures, int count)
        : base(Describe(failures, count), failures.Values.First()) => Failures = failures;

    /// <summary>What a single call would have thrown, by the image's place in the batch, from 0.</summary>
    public IReadOnlyDictionary<int, Exception> Failures { get; } = ReadOnlyDictionary<int, Exception>.Empty;

    private static string Describe(SortedDictionary<int, Exception> failures, int count)
    {
        (int index, Exception error) = failures.First();
        return $"{failures.Count} of {count} images failed. [{index}]: {error.Message}";
    }
}
