using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>
/// Collects launches for a graph: the driver notes what is launched on two streams instead of starting it. Launches that run beside are on the second one, and
/// events say what waits for what.
/// </summary>
internal sealed unsafe class CudaCapture
{
    private readonly CuStream _main;
    private readonly CuStream _beside;
    private readonly CuEvent _event;
    private bool _isBeside;
    private bool _isForked;

    private CudaCapture(CuStream main, CuStream beside, CuEvent noted) => (_main, _beside, _event) = (main, beside, noted);

    /// <summary>Creates the streams in the current context; null if the driver does not.</summary>
    public static CudaCapture? TryCreate()
    {
        CuStream main;
        CuStream beside;
        CuEvent noted;
        if (CuNative.cuStreamCreate(&main, CuConstants.CU_STREAM_NON_BLOCKING) != CuResult.CUDA_SUCCESS)
            return null;
        if (CuNative.cuStreamCreate(&beside, CuConstants.CU_STREAM_NON_BLOCKING) == CuResult.CUDA_SUCCESS)
        {
            if (CuNative.cuEventCreate(&noted, CuConstants.CU_EVENT_DISABLE_TIMING) == CuResult.CUDA_SUCCESS)
                return new CudaCapture(main, beside, noted);
            _ = CuNative.cuStreamDestroy(beside);
        }

        _ = CuNative.cuStreamDestroy(main);
        return null;
    }

    /// <summary>Begins to collect.</summary>
    public bool TryBegin()
    {
        _isBeside = false;
        _isForked = false;
        return CuNative.cuStreamBeginCapture(_main, CuConstants.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) == CuResult.CUDA_SUCCESS;
    }

    /// <summary>Says where the next launch goes.</summary>
    /// <param name="order">What it waits for.</param>
    /// <param name="stream">The stream to launch it on.</param>
    /// <param name="mayOverlap">Whether it waits for the launch before it on that stream alone.</param>
    public bool TryOrder(LaunchOrder order, out CuStream stream, out bool mayOverlap)
    {
        bool isRight = true;
        mayOverlap = true;
        if (order == LaunchOrder.Beside)
        {
            if (!_isBeside)
            {
                isRight = TryWait(_beside, _main);
                mayOverlap = false;
                _isForked = true;
            }
        }
        else if (order == LaunchOrder.Joining && _isForked)
        {
            isRight = TryWait(_main, _beside);
            mayOverlap = false;
            _isForked = false;
        }

        _isBeside = order == LaunchOrder.Beside;
        stream = _isBeside ? _beside : _main;
        return isRight;
    }

    /// <summary>Ends what <see cref="TryBegin"/> began.</summary>
    /// <param name="graph">What was collected.</param>
    public bool TryEnd(out CuGraph graph)
    {
        bool isRight = !_isForked || TryWait(_main, _beside);
        CuGraph ended = default;
        isRight &= CuNative.cuStreamEndCapture(_main, &ended) == CuResult.CUDA_SUCCESS;
        graph = ended;
        return isRight;
    }

    /// <summary>Gives the streams back.</summary>
    public void Release()
    {
        _ = CuNative.cuEventDestroy(_event);
        _ = CuNative.cuStreamDestroy(_beside);
        _ = CuNative.cuStreamDestroy(_main);
    }

    // The next launch on a stream waits for all on the other one.
    private bool TryWait(CuStream stream, CuStream other) =>
        CuNative.cuEventRecord(_event, other) == CuResult.CUDA_SUCCESS && CuNative.cuStreamWaitEvent(stream, _event, 0) == CuResult.CUDA_SUCCESS;
}
