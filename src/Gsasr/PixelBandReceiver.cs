namespace Gsasr;

/// <summary>Takes the next rows of an image that is made from top to bottom.</summary>
/// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
/// <param name="top">The first of these rows; those above it were handed over before.</param>
/// <param name="rows">Whole rows. Read them before the call returns, because their memory is used again.</param>
public delegate void PixelBandReceiver<T>(int top, ReadOnlyPixelSpan<T> rows)
    where T : unmanaged;
