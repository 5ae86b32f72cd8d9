using System.Text;
using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Compiles kernels for one device, or takes programs that an earlier run compiled from the cache on disk.</summary>
internal sealed unsafe class OpenClProgramBuilder
{
    // None of these options lets the driver contract or reorder what the kernel writes in separate statements.
    private const string Options = "-cl-std=CL1.2";

    private readonly OpenClCandidate _candidate;
    private readonly ClContext _context;
    private readonly OpenClProgramCache _cache = new();

    public OpenClProgramBuilder(OpenClCandidate candidate, ClContext context)
    {
        _candidate = candidate;
        _context = context;
    }

    private string DeviceName => _candidate.Description.Name;

    /// <summary>Returns the program of a kernel that an earlier run compiled; null if there is none that the driver takes.</summary>
    /// <param name="kernel">The kernel.</param>
    public ClProgram? FromCache(Kernel kernel) => _cache.TryRead(Key(kernel.ReadOpenCl())) is byte[] binary ? TryBuildBinary(binary) : null;

    /// <summary>Compiles a kernel's program, which can take a minute, and keeps it for later runs.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <exception cref="DeviceException">The driver cannot compile it; the message holds its log.</exception>
    public ClProgram Compile(Kernel kernel)
    {
        byte[] source = kernel.ReadOpenCl();
        ClProgram program = BuildSource(kernel, source);
        if (ReadBinary(program) is byte[] built)
            _cache.TryWrite(Key(source), built);
        return program;
    }

    private string Key(byte[] source) => OpenClProgramCache.Key(_candidate.Fingerprint, Options, source);

    private ClProgram BuildSource(Kernel kernel, byte[] source)
    {
        string action = $"compile kernel {kernel} on {DeviceName}";
        ClProgram program;
        ClResult result;
        fixed (byte* text = source)
        {
            byte* texts = text;
            nuint length = (nuint)source.Length;
            program = ClNative.clCreateProgramWithSource(_context, 1, &texts, &length, out result);
        }

        ClCheck.Check(result, "clCreateProgramWithSource", action);
        ClDeviceId device = _candidate.Device;
        result = ClNative.clBuildProgram(program, 1, &device, Options, 0, 0);
        if (result == ClResult.CL_SUCCESS)
            return program;
        string log = ClQuery.BuildLog(program, device);
        program.Dispose();
        throw new DeviceException(
            $"Could not {action} (clBuildProgram: {ClCheck.Describe(result)}). " +
            $"The compiler of {_candidate.Description.Driver} says:\n{log}");
    }

    private ClProgram? TryBuildBinary(byte[] binary)
    {
        ClDeviceId device = _candidate.Device;
        ClProgram program;
        ClResult result;
        ClResult status;
        fixed (byte* bytes = binary)
        {
            byte* binaries = bytes;
            nuint length = (nuint)binary.Length;
            program = ClNative.clCreateProgramWithBinary(_context, 1, &device, &length, &binaries, out status, out result);
        }

        if (result == ClResult.CL_SUCCESS && status == ClResult.CL_SUCCESS)
            result = ClNative.clBuildProgram(program, 1, &device, Options, 0, 0);
        if (result == ClResult.CL_SUCCESS && status == ClResult.CL_SUCCESS)
            return program;
        program.Dispose();
        return null;
    }

    private static byte[]? ReadBinary(ClProgram program)
    {
        nuint size;
        ClResult result = ClNative.clGetProgramInfo(program, ClConstants.CL_PROGRAM_BINARY_SIZES, (nuint)sizeof(nuint), &size, null);
        if (result != ClResult.CL_SUCCESS || size == 0)
            return null;
        var binary = new byte[size];
        fixed (byte* bytes = binary)
        {
            byte* binaries = bytes;
            result = ClNative.clGetProgramInfo(program, ClConstants.CL_PROGRAM_BINARIES, (nuint)sizeof(byte*), &binaries, null);
        }

        return result == ClResult.CL_SUCCESS ? binary : null;
    }
}
