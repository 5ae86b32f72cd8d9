namespace Gsasr.Pipeline;

/// <summary>Something that one call at a time may use, until it is disposed of.</summary>
/// <param name="what">What it is, for messages.</param>
/// <param name="objectName">The name of its type, for <see cref="ObjectDisposedException"/>.</param>
internal sealed class ExclusiveUse(string what, string objectName)
{
    private const int Free = 0;
    private const int InUse = 1;
    private const int Disposed = 2;

    private int _state;

    /// <summary>Begins a use, which ends when the result is disposed of.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public Scope Begin() => Interlocked.CompareExchange(ref _state, InUse, Free) switch
    {
        Free => new Scope(this),
        Disposed => throw new ObjectDisposedException(objectName),
        _ => throw Busy(),
    };

    /// <summary>Ends all use.</summary>
    /// <returns>Whether it had not ended before.</returns>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    public bool End() => Interlocked.CompareExchange(ref _state, Disposed, Free) switch
    {
        Free => true,
        Disposed => false,
        _ => throw Busy(),
    };

    private InvalidOperationException Busy() =>
        new($"This {what} is in use by another call that has not ended; each {what} serves one call at a time. Use one for each thread.");

    /// <summary>A use.</summary>
    public readonly struct Scope(ExclusiveUse use) : IDisposable
    {
        /// <summary>Ends the use.</summary>
        public void Dispose() => Volatile.Write(ref use._state, Free);
    }
}
