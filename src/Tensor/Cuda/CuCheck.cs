using System.Runtime.InteropServices;
using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>Turns what driver calls return into exceptions that name the call.</summary>
internal static unsafe class CuCheck
{
    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">The name of the function.</param>
    /// <param name="action">What was being done and to what, to follow "could not".</param>
    /// <exception cref="DeviceMemoryException">There was too little memory.</exception>
    /// <exception cref="DeviceException">The call failed otherwise.</exception>
    public static void Check(CuResult result, string call, string action)
    {
        if (result == CuResult.CUDA_SUCCESS)
            return;
        if (result == CuResult.CUDA_ERROR_OUT_OF_MEMORY)
            throw new DeviceMemoryException($"There is too little memory to {action} ({call}: {Describe(result)}).");
        throw new DeviceException($"Could not {action} ({call}: {Describe(result)}).");
    }

    /// <summary>Whether a context that returned this is useless from now on, because every later call fails in the same way.</summary>
    public static bool IsFatal(CuResult result) => result
        is CuResult.CUDA_ERROR_ECC_UNCORRECTABLE
        or CuResult.CUDA_ERROR_ILLEGAL_ADDRESS
        or CuResult.CUDA_ERROR_LAUNCH_TIMEOUT
        or CuResult.CUDA_ERROR_CONTEXT_IS_DESTROYED
        or (>= CuResult.CUDA_ERROR_HARDWARE_STACK_ERROR and <= CuResult.CUDA_ERROR_LAUNCH_FAILED)
        or CuResult.CUDA_ERROR_ASSERT;

    /// <summary>The constant's name and the driver's explanation.</summary>
    public static string Describe(CuResult result)
    {
        byte* name = null;
        byte* text = null;
        _ = CuNative.cuGetErrorName(result, &name);
        _ = CuNative.cuGetErrorString(result, &text);
        return name is null
            ? $"error {(int)result}"
            : $"{Marshal.PtrToStringUTF8((nint)name)}, {Marshal.PtrToStringUTF8((nint)text)}";
    }
}
