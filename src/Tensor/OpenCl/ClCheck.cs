using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Turns what OpenCL calls return into exceptions that name the call.</summary>
internal static class ClCheck
{
    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">The name of the function.</param>
    /// <param name="action">What was being done and to what, to follow "could not": "start kernel linear/linear on X".</param>
    /// <exception cref="DeviceMemoryException">There was too little memory.</exception>
    /// <exception cref="DeviceException">The call failed otherwise.</exception>
    public static void Check(ClResult result, string call, string action)
    {
        if (result == ClResult.CL_SUCCESS)
            return;
        if (IsMemoryFailure(result))
            throw new DeviceMemoryException($"There is too little memory to {action} ({call}: {Describe(result)}).");
        throw new DeviceException($"Could not {action} ({call}: {Describe(result)}).");
    }

    /// <summary>The constant's name, or its number if it is an extension's.</summary>
    public static string Describe(ClResult result) => Enum.GetName(result) ?? $"error {(int)result}";

    // Drivers often allocate memory at its first use, so calls that use it report that there is none.
    private static bool IsMemoryFailure(ClResult result) => result
        is ClResult.CL_MEM_OBJECT_ALLOCATION_FAILURE or ClResult.CL_OUT_OF_HOST_MEMORY or ClResult.CL_OUT_OF_RESOURCES;
}
