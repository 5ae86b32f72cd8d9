namespace Gsasr;

/// <summary>What <see cref="PixelSpan{T}"/> and <see cref="ReadOnlyPixelSpan{T}"/> check.</summary>
internal static class PixelSpans
{
    /// <summary>Checks what a channel is.</summary>
    /// <exception cref="NotSupportedException">T is not byte, ushort or float.</exception>
    public static void CheckType<T>()
        where T : unmanaged
    {
        if (typeof(T) != typeof(byte) && typeof(T) != typeof(ushort) && typeof(T) != typeof(float))
            throw new NotSupportedException($"Channels of pixels are byte, ushort or float, not {typeof(T)}.");
    }

    /// <summary>Checks an image's memory.</summary>
    /// <returns>The values from row to row.</returns>
    public static int Check<T>(int length, int width, int height, PixelLayout layout, int rowPitch)
        where T : unmanaged
    {
        CheckType<T>();
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int channels = layout.ChannelCount();
        long rowLength = (long)width * channels;
        if (rowPitch != 0 && rowPitch < rowLength)
            throw new ArgumentOutOfRangeException(nameof(rowPitch), rowPitch, $"A row of {width} pixels with {channels} channels has {rowLength} values; the pitch is no less.");
        long pitch = rowPitch == 0 ? rowLength : rowPitch;
        if ((height - 1) * pitch + rowLength > length)
            throw new ArgumentException($"{length} values do not hold {height} rows of {width} pixels with {channels} channels, {pitch} values from row to row.");
        return (int)pitch;
    }

    /// <summary>Where a row begins.</summary>
    public static int RowStart(int y, int height, int rowPitch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, height);
        return y * rowPitch;
    }
}
