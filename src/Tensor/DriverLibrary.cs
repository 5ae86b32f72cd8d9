using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Gsasr.Tensors;

/// <summary>Finds the drivers' libraries, which a computer may or may not have, under the names that each system gives them.</summary>
internal static class DriverLibrary
{
    /// <summary>The name by which P/Invoke declarations call the OpenCL loader.</summary>
    public const string OpenCl = "gsasr-opencl";

    /// <summary>The name by which P/Invoke declarations call the CUDA driver.</summary>
    public const string Cuda = "gsasr-cuda";

    // The text is the name by which the library was loaded, or why it was not.
    private static readonly Lazy<(nint Handle, string Text)> s_openCl =
        new(() => Load("OpenCL loader", "GSASR_OPENCL_LIBRARY", OpenClNames()));

    private static readonly Lazy<(nint Handle, string Text)> s_cuda =
        new(() => Load("CUDA driver", "GSASR_CUDA_LIBRARY", CudaNames()));

    static DriverLibrary() => NativeLibrary.SetDllImportResolver(typeof(DriverLibrary).Assembly, Resolve);

    /// <summary>Loads a library if it is there.</summary>
    /// <param name="name"><see cref="OpenCl"/> or <see cref="Cuda"/>; must be tried before any function of it is called.</param>
    /// <param name="reason">Why it could not be loaded.</param>
    public static bool TryLoad(string name, [NotNullWhen(false)] out string? reason)
    {
        (nint handle, string failure) = (name == OpenCl ? s_openCl : s_cuda).Value;
        reason = handle == 0 ? failure : null;
        return handle != 0;
    }

    /// <summary>The message of a failed call of a driver's function, with the name under which the library was loaded.</summary>
    /// <param name="exception">What the call threw.</param>
    public static string Describe(Exception exception)
    {
        string message = exception.Message;
        foreach ((string alias, Lazy<(nint Handle, string Text)> library) in new[] { (OpenCl, s_openCl), (Cuda, s_cuda) })
            message = message.Replace($"'{alias}'", $"'{library.Value.Text}'", StringComparison.Ordinal);
        return message.TrimEnd('.');
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        OpenCl => s_openCl.Value.Handle,
        Cuda => s_cuda.Value.Handle,
        _ => 0,
    };

    private static (nint Handle, string Text) Load(string what, string variable, string[] names)
    {
        string? chosen = Environment.GetEnvironmentVariable(variable);
        if (!string.IsNullOrEmpty(chosen))
        {
            return NativeLibrary.TryLoad(chosen, out nint chosenHandle)
                ? (chosenHandle, chosen)
                : (0, $"no {what} found: '{chosen}', named by {variable}, cannot be loaded");
        }

        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
                return (handle, name);
        }

        return (0, $"no {what} found ({string.Join(", ", names)})");
    }

    private static string[] OpenClNames() =>
        OperatingSystem.IsWindows() ? ["OpenCL.dll"] :
        OperatingSystem.IsMacOS() ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"] :
        ["libOpenCL.so.1", "libOpenCL.so"];

    private static string[] CudaNames() =>
        OperatingSystem.IsWindows() ? ["nvcuda.dll"] :
        ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"];
}
