using System.Runtime.InteropServices;

namespace Gsasr.Tensors.OpenCl.Native;

/// <summary>The functions of OpenCL 1.2 that are used here, in the order of its specification.</summary>
internal static unsafe partial class ClNative
{
    private const string Library = DriverLibrary.OpenCl;

    // Platforms and devices

    [LibraryImport(Library)]
    internal static partial ClResult clGetPlatformIDs(uint entryCount, ClPlatform* platforms, uint* count);

    [LibraryImport(Library)]
    internal static partial ClResult clGetPlatformInfo(ClPlatform platform, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library)]
    internal static partial ClResult clGetDeviceIDs(ClPlatform platform, ulong type, uint entryCount, ClDeviceId* devices, uint* count);

    [LibraryImport(Library)]
    internal static partial ClResult clGetDeviceInfo(ClDeviceId device, uint name, nuint size, void* value, nuint* neededSize);

    // Contexts and queues

    [LibraryImport(Library)]
    internal static partial ClContext clCreateContext(
        nint* properties, uint deviceCount, ClDeviceId* devices, nint notify, nint userData, out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseContext(nint context);

    [LibraryImport(Library)]
    internal static partial ClQueue clCreateCommandQueue(ClContext context, ClDeviceId device, ulong properties, out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseCommandQueue(nint queue);

    [LibraryImport(Library)]
    internal static partial ClResult clFinish(ClQueue queue);

    // Memory

    [LibraryImport(Library)]
    internal static partial ClMemory clCreateBuffer(ClContext context, ulong flags, nuint size, void* hostMemory, out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseMemObject(nint memory);

    [LibraryImport(Library)]
    internal static partial ClResult clEnqueueReadBuffer(
        ClQueue queue,
        ClMemory memory,
        uint blocking,
        nuint offset,
        nuint size,
        void* destination,
        uint waitCount,
        nint* waitList,
        nint* completed);

    [LibraryImport(Library)]
    internal static partial ClResult clEnqueueWriteBuffer(
        ClQueue queue,
        ClMemory memory,
        uint blocking,
        nuint offset,
        nuint size,
        void* source,
        uint waitCount,
        nint* waitList,
        nint* completed);

    [LibraryImport(Library)]
    internal static partial ClResult clEnqueueMigrateMemObjects(
        ClQueue queue, uint memoryCount, nint* memories, ulong flags, uint waitCount, nint* waitList, nint* completed);

    // Programs and kernels

    [LibraryImport(Library)]
    internal static partial ClProgram clCreateProgramWithSource(
        ClContext context, uint count, byte** strings, nuint* lengths, out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClProgram clCreateProgramWithBinary(
        ClContext context,
        uint deviceCount,
        ClDeviceId* devices,
        nuint* lengths,
        byte** binaries,
        out ClResult binaryStatus,
        out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseProgram(nint program);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ClResult clBuildProgram(
        ClProgram program, uint deviceCount, ClDeviceId* devices, string options, nint notify, nint userData);

    [LibraryImport(Library)]
    internal static partial ClResult clGetProgramInfo(ClProgram program, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library)]
    internal static partial ClResult clGetProgramBuildInfo(
        ClProgram program, ClDeviceId device, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ClKernel clCreateKernel(ClProgram program, string name, out ClResult result);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseKernel(nint kernel);

    [LibraryImport(Library)]
    internal static partial ClResult clSetKernelArg(ClKernel kernel, uint index, nuint size, void* value);

    [LibraryImport(Library)]
    internal static partial ClResult clGetKernelInfo(ClKernel kernel, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library)]
    internal static partial ClResult clGetKernelWorkGroupInfo(
        ClKernel kernel, ClDeviceId device, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library)]
    internal static partial ClResult clEnqueueNDRangeKernel(
        ClQueue queue,
        ClKernel kernel,
        uint dimensions,
        nuint* globalOffset,
        nuint* globalSize,
        nuint* localSize,
        uint waitCount,
        nint* waitList,
        nint* completed);

    // Events

    [LibraryImport(Library)]
    internal static partial ClResult clEnqueueMarkerWithWaitList(ClQueue queue, uint waitCount, nint* waitList, out ClEvent completed);

    [LibraryImport(Library)]
    internal static partial ClResult clWaitForEvents(uint count, nint* events);

    [LibraryImport(Library)]
    internal static partial ClResult clGetEventProfilingInfo(ClEvent completed, uint name, nuint size, void* value, nuint* neededSize);

    [LibraryImport(Library)]
    internal static partial ClResult clReleaseEvent(nint completed);
}
