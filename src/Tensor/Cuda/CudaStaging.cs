using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>
/// Page-locked memory of the computer through which values go to the device, and few values come back from it. A stream copies from it after the work that was started
/// before, and the caller does not wait. That needs memory that neither moves nor changes meanwhile. The pieces are used in turn, and a
/// piece is filled again only after it was copied.
/// </summary>
internal sealed unsafe class CudaStaging
{
    // A pass uploads an image and some vectors. Several images of usual size fit in before a piece has to be waited for.
    private const int PieceBytes = 512 << 10;
    private const int Pieces = 16;

    private readonly CudaDevice _device;
    private readonly Lock _lock = new();
    private readonly Lock _downloadLock = new();
    private readonly CuEvent[] _copied = new CuEvent[Pieces];
    private byte* _memory;
    private byte* _downloaded;
    private int _next;

    /// <summary>Staging memory of a device; nothing is allocated before the first upload.</summary>
    /// <param name="device">The device.</param>
    public CudaStaging(CudaDevice device) => _device = device;

    /// <summary>Copies values to the device, in the order of its stream. The source may change as soon as this returns.</summary>
    /// <param name="source">The values.</param>
    /// <param name="destination">Where they go.</param>
    public void Upload(ReadOnlySpan<byte> source, CuAddress destination)
    {
        lock (_lock)
        {
            if (_memory is null)
                Allocate();
            for (int done = 0; done < source.Length; done += PieceBytes)
            {
                int count = Math.Min(PieceBytes, source.Length - done);
                CuEvent copied = _copied[_next];
                byte* piece = _memory + _next * PieceBytes;

                // An event that was never recorded counts as passed.
                _device.Check(CuNative.cuEventSynchronize(copied), "cuEventSynchronize", "store values");
                source.Slice(done, count).CopyTo(new Span<byte>(piece, count));
                var target = new CuAddress(destination.Value + done);
                CuResult result = CuNative.cuMemcpyHtoDAsync(target, piece, (nuint)count, _device.Stream);
                _device.Check(result, "cuMemcpyHtoDAsync", "store values");
                _device.Check(CuNative.cuEventRecord(copied, _device.Stream), "cuEventRecord", "store values");
                _next = (_next + 1) % Pieces;
            }
        }
    }

    /// <summary>Copies values from the device, after the work that was started before, and waits for them.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="destination">Where they go.</param>
    public void Download(CuAddress source, Span<byte> destination)
    {
        // To memory that is not page-locked the driver copies piece by piece, which takes longer for few values. One thread at a time
        // does without that.
        if (destination.Length > PieceBytes || !_downloadLock.TryEnter())
        {
            fixed (byte* p = destination)
                DownloadTo(p, source, destination.Length);
            return;
        }

        try
        {
            if (_downloaded is null)
            {
                void* memory;
                _device.Check(CuNative.cuMemHostAlloc(&memory, PieceBytes, 0), "cuMemHostAlloc", "reserve memory for downloads");
                _downloaded = (byte*)memory;
            }

            DownloadTo(_downloaded, source, destination.Length);
            new ReadOnlySpan<byte>(_downloaded, destination.Length).CopyTo(destination);
        }
        finally
        {
            _downloadLock.Exit();
        }
    }

    /// <summary>Gives the memory back; the stream must be idle, and the device's context current.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (_downloaded is not null)
                _ = CuNative.cuMemFreeHost(_downloaded);
            _downloaded = null;
            if (_memory is null)
                return;
            foreach (CuEvent copied in _copied)
                _ = CuNative.cuEventDestroy(copied);
            _ = CuNative.cuMemFreeHost(_memory);
            _memory = null;
        }
    }

    private void DownloadTo(byte* destination, CuAddress source, int count)
    {
        CuResult result = CuNative.cuMemcpyDtoHAsync(destination, source, (nuint)count, _device.Stream);
        _device.Check(result, "cuMemcpyDtoHAsync", "read values");
        _device.Check(CuNative.cuStreamSynchronize(_device.Stream), "cuStreamSynchronize", "read values");
    }

    private void Allocate()
    {
        const string Action = "reserve memory for uploads";
        int created = 0;
        void* memory = null;
        try
        {
            for (; created < Pieces; created++)
            {
                CuEvent copied;
                _device.Check(CuNative.cuEventCreate(&copied, CuConstants.CU_EVENT_DISABLE_TIMING), "cuEventCreate", Action);
                _copied[created] = copied;
            }

            CuResult result = CuNative.cuMemHostAlloc(&memory, Pieces * PieceBytes, 0);
            _device.Check(result, "cuMemHostAlloc", Action);
        }
        catch
        {
            for (int i = 0; i < created; i++)
                _ = CuNative.cuEventDestroy(_copied[i]);
            throw;
        }

        _memory = (byte*)memory;
    }
}
