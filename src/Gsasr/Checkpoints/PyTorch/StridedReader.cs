using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>Gathers the values of a view whose values do not lie row-major in its storage, such as a transposed matrix.</summary>
internal static class StridedReader
{
    private const int WindowBytes = 64 * 1024;

    /// <summary>
    /// Visits the values in the order in which they lie in the file, axis of smallest stride innermost, through a small window on
    /// the file, and scatters them to their row-major places.
    /// </summary>
    /// <param name="bytes">The file.</param>
    /// <param name="storageStart">The storage's first byte.</param>
    /// <param name="tensor">The view, with at least one value.</param>
    /// <param name="destination">As many bytes as the view has.</param>
    public static void Read(SeekableBytes bytes, long storageStart, StoredTensor tensor, Span<byte> destination)
    {
        int size = tensor.Storage.ElementType.Size();
        int rank = tensor.Shape.Length;
        var places = new long[rank];
        for (int axis = rank - 1, place = 1; axis >= 0; place *= tensor.Shape[axis], axis--)
            places[axis] = place;
        int[] axes = [.. Enumerable.Range(0, rank).OrderByDescending(axis => tensor.Strides[axis])];

        // Where neighbours lie far apart a window would hold a single value.
        long innermostStride = tensor.Strides[axes[^1]] * size;
        long storageEnd = storageStart + (tensor.Storage.Count * size);
        var window = new byte[innermostStride <= WindowBytes / 16 ? WindowBytes : size];
        long windowStart = 0;
        int windowLength = 0;

        var index = new int[rank];
        while (true)
        {
            long from = tensor.Offset;
            long to = 0;
            for (int axis = 0; axis < rank; axis++)
            {
                from += index[axis] * tensor.Strides[axis];
                to += index[axis] * places[axis];
            }

            long position = storageStart + (from * size);
            if (position < windowStart || position + size > windowStart + windowLength)
            {
                windowStart = position;
                windowLength = (int)Math.Min(window.Length, storageEnd - position);
                bytes.Read(windowStart, window.AsSpan(0, windowLength));
            }

            window.AsSpan((int)(position - windowStart), size).CopyTo(destination[(int)(to * size)..]);
            if (!Advance(index, tensor.Shape, axes))
                return;
        }
    }

    /// <summary>Steps to the next index, the last of the axes fastest; false after the last one.</summary>
    private static bool Advance(int[] index, int[] shape, int[] axes)
    {
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            if (++index[axes[i]] < shape[axes[i]])
                return true;
            index[axes[i]] = 0;
        }

        return false;
    }
}
