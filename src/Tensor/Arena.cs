namespace Gsasr.Tensors;

/// <summary>
/// Memory for activations, handed out like a stack: what is allocated inside a scope is given back, all at once, when the
/// scope ends. After the first pass over the same work nothing is allocated on the device any more.
/// </summary>
/// <remarks>Reuse is safe without waiting because a device runs its work in order. Not thread-safe.</remarks>
public sealed class Arena : IDisposable
{
    // Offsets inside a block are ints, in kernels too.
    private const long MaximumBlockFloats = int.MaxValue - 1024;
    private const int AlignmentFloats = 64;
    private const long MinimumBlockFloats = 1 << 18;

    private readonly List<DeviceBuffer> _blocks = [];
    private int _block;
    private long _used;
    private int _depth;
    private long _live;
    private long _peak;

    // The most floats that were in use at once since the arena was last empty: what one block for everything has to hold.
    private long _needed;
    private bool _isExhausted;
    private bool _staysScattered;

    /// <summary>Creates an empty arena.</summary>
    /// <param name="device">The device whose memory it hands out.</param>
    public Arena(Device device) => Device = device;

    /// <summary>The device whose memory is handed out.</summary>
    public Device Device { get; }

    /// <summary>The most bytes that were in use at once.</summary>
    public long PeakBytes => _peak * sizeof(float);

    /// <summary>Bytes that the arena holds on the device now.</summary>
    public long HeldBytes
    {
        get
        {
            long bytes = 0;
            foreach (DeviceBuffer block in _blocks)
                bytes += block.ByteLength;
            return bytes;
        }
    }

    /// <summary>Starts a scope; disposing of it gives back everything allocated since. Scopes nest.</summary>
    public Scope BeginScope()
    {
        _depth++;
        return new Scope(this, _block, _used, _live);
    }

    /// <summary>Hands out a dense tensor with undefined values that lives until the innermost scope ends.</summary>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="channels">Channels, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    public Tensor Allocate(int height, int width, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        if (_depth == 0)
            throw new InvalidOperationException("Tensors are allocated inside a scope of the arena.");
        Int128 count = (Int128)height * width * channels;
        if (count > MaximumBlockFloats)
            throw new DeviceMemoryException($"A tensor of {height} x {width} x {channels} is larger than one block of memory can be; run the image in smaller tiles.");
        long floats = ((long)count + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;

        while (_block < _blocks.Count && _used + floats > _blocks[_block].ByteLength / sizeof(float))
        {
            _block++;
            _used = 0;
        }

        if (_block == _blocks.Count)
            AddBlock(Math.Max(floats, MinimumBlockFloats));

        var tensor = new Tensor(_blocks[_block], (int)_used, height, width, channels, channels);
        _used += floats;
        _live += floats;
        _peak = Math.Max(_peak, _live);
        _needed = Math.Max(_needed, _live);
        return tensor;
    }

    /// <summary>Gives all memory back to the device. The arena can be used again, for work of any size.</summary>
    /// <inheritdoc cref="IDisposable.Dispose"/>
    public void Dispose()
    {
        ReleaseBlocks();
        _needed = 0;
        _isExhausted = false;
        _staysScattered = false;
    }

    private void EndScope(in Scope scope)
    {
        _block = scope.Block;
        _used = scope.Used;
        _live = scope.Live;
        if (--_depth > 0)
            return;
        if (_isExhausted)
        {
            // The pass failed, and what comes next is smaller: it must find the device's memory free.
            Dispose();
        }
        else if (_blocks.Count > 1 && _needed <= MaximumBlockFloats && !_staysScattered)
        {
            // The first pass found out how much is needed; from the next one on it lies in one block without gaps.
            ReleaseBlocks();
            try
            {
                AddBlock(_needed);
            }
            catch (DeviceMemoryException)
            {
                // The pass is done and its results stand. The next one takes several blocks again, and keeps them.
                _isExhausted = false;
                _staysScattered = true;
            }
        }
    }

    private void AddBlock(long floats)
    {
        try
        {
            _blocks.Add(Device.Allocate(floats * sizeof(float)));
        }
        catch (DeviceMemoryException)
        {
            _isExhausted = true;
            throw;
        }
    }

    private void ReleaseBlocks()
    {
        foreach (DeviceBuffer block in _blocks)
            block.Dispose();
        _blocks.Clear();
    }

    /// <summary>The memory allocated between its creation and its end.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Arena _arena;

        internal Scope(Arena arena, int block, long used, long live)
        {
            _arena = arena;
            Block = block;
            Used = used;
            Live = live;
        }

        internal int Block { get; }

        internal long Used { get; }

        internal long Live { get; }

        /// <summary>Gives back everything allocated since the scope began.</summary>
        public void Dispose() => _arena.EndScope(this);
    }
}
