using System.Text;
using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Compiles kernels for one device, or takes programs that an earlier run compiled from the cache on disk.</summary>
internal sealed unsafe class OpenClProgramBuilder
{
    // // None of these options lets the driver contract or reorder what the kernel writes in separate statements.
    private const string Options = "-cl-std=CL1.2";

    private readonly OpenClCandidate _candidate;
    private readonly ClContext _context;
    private readonly OpenClProgramCache _cache = new();

    public OpenClProgramBuilder(OpenClCandidate candidate, ClContext context)
    {
        _candidate = candidate;
        _context = context;
    }

    /// <summary>Called before the driver's compiler, which can take a minute; not called if the cache has the program.</summary>
    public Action? Compiling { get; set; }

    private string DeviceName => _candidate.Description.Name;

    /// <summary>Returns the compiled kernel's program.</summary>
    /// <exception cref="DeviceException">The driver cannot compile it; the message holds its log.</exception>
    public ClProgram Build(Kernel kernel)
    {
        byte[] source = kernel.ReadOpenCl();
        string key = OpenClProgramCache.Key(_candidate.Fingerprint, Options, source);
        if (_cache.TryRead(key) is byte[] binary && TryBuildBinary(binary) is ClProgram cached)
            return cached;

        Compiling?.Invoke();
        ClProgram program = BuildSource(kernel, source);
        if (ReadBinary(program) is byte[] built)
            _cache.TryWrite(key, built);
        return program;
    }

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
