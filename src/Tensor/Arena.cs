namespace Gsasr.Tensors;

/// <summary>
/// Memory for activations, handed out like a stack: what is allocated inside a scope is given back, all at once, when the scope ends. The
/// first pass over some work finds out how much it needs; later passes allocate nothing on the device.
/// </summary>
/// <remarks>Reuse is safe without waiting because a device runs its work in order. Not thread-safe.</remarks>
internal sealed class Arena : IDisposable
{
    // Kernels in OpenCL count offsets inside a block in ints.
    private const int MaximumBlockValues = int.MaxValue - 1024;
    private const int AlignmentBytes = 256;
    private const long MinimumBlockBytes = 1 << 20;
    private const long MaximumBlockBytes = (long)MaximumBlockValues * sizeof(float);

    private readonly List<DeviceBuffer> _blocks = [];
    private int _block;
    private long _usedBytes;
    private int _depth;
    private long _liveBytes;

    // The most that was in use at once since the arena was last empty: the size that one block for everything must have.
    private long _neededBytes;
    private bool _isExhausted;
    private bool _staysScattered;
    private bool _isDisposed;

    /// <summary>Creates an empty arena.</summary>
    /// <param name="device">The device whose memory it hands out.</param>
    public Arena(Device device) => Device = device;

    /// <summary>The device whose memory is handed out.</summary>
    public Device Device { get; }

    /// <summary>The most bytes that were in use at once.</summary>
    public long PeakBytes { get; private set; }

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
    /// <exception cref="ObjectDisposedException">The arena was disposed of.</exception>
    public Scope BeginScope()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _depth++;
        return new Scope(this, _block, _usedBytes, _liveBytes);
    }

    /// <summary>Hands out a dense tensor with undefined values that lives until the innermost scope ends.</summary>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="channels">Channels, at least 1.</param>
    /// <param name="elementType">How a value is encoded.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed of.</exception>
    public Tensor Allocate(int height, int width, int channels, ElementType elementType = ElementType.Float32)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        if (_depth == 0)
            throw new InvalidOperationException("Tensors are allocated inside a scope of the arena.");
        Int128 count = (Int128)height * width * channels;
        int size = elementType.Size();
        if (count > MaximumBlockValues || count * size > MaximumBlockBytes)
            throw new DeviceMemoryException($"A tensor of {height} x {width} x {channels} is larger than one block of memory can be; run the image in smaller tiles.");
        long bytes = ((long)count * size + AlignmentBytes - 1) / AlignmentBytes * AlignmentBytes;

        while (_block < _blocks.Count && _usedBytes + bytes > _blocks[_block].ByteLength)
        {
            _block++;
            _usedBytes = 0;
        }

        if (_block == _blocks.Count)
            AddBlock(Math.Max(bytes, MinimumBlockBytes));

        var tensor = new Tensor(_blocks[_block], _usedBytes / size, height, width, channels, channels, elementType);
        _usedBytes += bytes;
        _liveBytes += bytes;
        PeakBytes = Math.Max(PeakBytes, _liveBytes);
        _neededBytes = Math.Max(_neededBytes, _liveBytes);
        return tensor;
    }

    /// <summary>
    /// Takes one block for work to come, if the device has a block so large. Otherwise the work gets several blocks as it asks for them.
    /// </summary>
    /// <param name="bytes">How much the work needs at once.</param>
    /// <exception cref="InvalidOperationException">A scope has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed of.</exception>
    public void Reserve(long bytes)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_depth > 0)
            throw new InvalidOperationException("Memory is reserved before the first scope begins.");
        if (HeldBytes >= bytes || bytes > MaximumBlockBytes)
            return;
        ReleaseBlocks();
        try
        {
            AddBlock(bytes);
        }
        catch (DeviceMemoryException)
        {
            _isExhausted = false;
        }
    }

    /// <summary>Gives all memory back to the device. The arena can be used again, for work of any size.</summary>
    /// <exception cref="InvalidOperationException">A scope has not ended, and its tensors are in use.</exception>
    public void Release()
    {
        if (_depth > 0)
            throw new InvalidOperationException("The memory of an arena is released when no scope is under way.");
        ReleaseBlocks();
        _neededBytes = 0;
        _isExhausted = false;
        _staysScattered = false;
    }

    /// <summary>Gives all memory back to the device when the open scopes have ended. Nothing can be allocated any more.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        if (_depth == 0)
            Release();
    }

    private void EndScope(in Scope scope)
    {
        _block = scope.Block;
        _usedBytes = scope.UsedBytes;
        _liveBytes = scope.LiveBytes;
        if (--_depth > 0)
            return;
        if (_isExhausted || _isDisposed)
        {
            // The pass failed, and a smaller one may follow: it must find the device's memory free.
            Release();
        }
        else if (_blocks.Count > 1 && _neededBytes <= MaximumBlockBytes && !_staysScattered)
        {
            // The first pass found out how much is needed. From the next one on everything lies in one block without gaps.
            ReleaseBlocks();
            try
            {
                AddBlock(_neededBytes);
            }
            catch (DeviceMemoryException)
            {
                // The pass is done and its results are valid. The next one takes several blocks again, and keeps them.
                _isExhausted = false;
                _staysScattered = true;
            }
        }
    }

    private void AddBlock(long bytes)
    {
        try
        {
            _blocks.Add(Device.Allocate(bytes));
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
        _block = 0;
        _usedBytes = 0;
    }

    /// <summary>The memory allocated between its creation and its end.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Arena _arena;

        internal Scope(Arena arena, int block, long usedBytes, long liveBytes)
        {
            _arena = arena;
            Block = block;
            UsedBytes = usedBytes;
            LiveBytes = liveBytes;
        }

        internal int Block { get; }

        internal long UsedBytes { get; }

        internal long LiveBytes { get; }

        /// <summary>Gives back everything allocated since the scope began.</summary>
        public void Dispose() => _arena.EndScope(this);
    }
}
