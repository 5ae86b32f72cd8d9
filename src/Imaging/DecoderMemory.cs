using System.Buffers;
using System.Runtime.InteropServices;
using SixLabors.ImageSharp.Memory;

namespace Gsasr.Imaging;

/// <summary>
/// Memory for a decoder of SixLabors.ImageSharp. For the picture it is an array, which afterwards becomes the image's without a copy; for
/// everything else it is what the library allocates itself, up to a limit for each piece.
/// </summary>
/// <typeparam name="TPixel">The picture's pixels.</typeparam>
/// <typeparam name="TSample">Their samples: byte or ushort.</typeparam>
internal sealed class DecoderMemory<TPixel, TSample> : MemoryAllocator
    where TPixel : unmanaged
    where TSample : unmanaged
{
    // What a decoder needs besides the pixels: rows, tables, coefficients of a progressive JPEG.
    private const int WorkingMegabytes = 64;
    private const int WorkingBytesPerPixel = 24;

    private readonly int _pixels;
    private readonly MemoryAllocator _working;
    private readonly List<Picture> _pictures = [];

    /// <summary>Memory for a picture.</summary>
    /// <param name="pixels">The number of pixels of the picture.</param>
    public DecoderMemory(int pixels)
    {
        _pixels = pixels;
        _working = Create(new MemoryAllocatorOptions
        {
            MaximumPoolSizeMegabytes = 0,
            AllocationLimitMegabytes = (int)(WorkingMegabytes + (long)pixels * WorkingBytesPerPixel / (1 << 20)),
        });
    }

    /// <summary>The samples of the picture that a decoder made in this memory.</summary>
    public TSample[] SamplesOf(Span<TPixel> picture)
    {
        foreach (Picture made in _pictures)
        {
            if (made.GetSpan() == picture)
                return made.Samples;
        }

        throw new InvalidOperationException("The picture lies elsewhere.");
    }

    /// <inheritdoc/>
    public override IMemoryOwner<T> Allocate<T>(int length, AllocationOptions options = AllocationOptions.None)
    {
        if (typeof(T) != typeof(TPixel) || length != _pixels)
            return _working.Allocate<T>(length, options);
        var picture = new Picture(_pixels);
        _pictures.Add(picture);
        return (IMemoryOwner<T>)(object)picture;
    }

    // All of it must be one piece: the library cannot handle memory of which some pieces are pooled and some are not.
    /// <inheritdoc/>
    protected override int GetBufferCapacityInBytes() => int.MaxValue;

    private sealed unsafe class Picture(int pixels) : MemoryManager<TPixel>
    {
        public TSample[] Samples { get; } = new TSample[(long)pixels * sizeof(TPixel) / sizeof(TSample)];

        public override Span<TPixel> GetSpan() => MemoryMarshal.Cast<TSample, TPixel>(Samples.AsSpan());

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            GCHandle handle = GCHandle.Alloc(Samples, GCHandleType.Pinned);
            return new MemoryHandle((TPixel*)handle.AddrOfPinnedObject() + elementIndex, handle);
        }

        public override void Unpin()
        {
            // The handle is freed with the MemoryHandle.
        }

        protected override void Dispose(bool disposing)
        {
            // The image goes on using the samples.
        }
    }
}
