using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cuda.Native;

/// <summary>The functions of the CUDA driver API that are used here, in the order of its manual.</summary>
internal static unsafe partial class CuNative
{
    private const string Library = DriverLibrary.Cuda;

    // Errors, initialisation, version

    [LibraryImport(Library)]
    internal static partial CuResult cuGetErrorName(CuResult error, byte** text);

    [LibraryImport(Library)]
    internal static partial CuResult cuGetErrorString(CuResult error, byte** text);

    [LibraryImport(Library)]
    internal static partial CuResult cuInit(uint flags);

    [LibraryImport(Library)]
    internal static partial CuResult cuDriverGetVersion(int* version);

    // Devices and contexts

    [LibraryImport(Library)]
    internal static partial CuResult cuDeviceGet(CuDevice* device, int ordinal);

    [LibraryImport(Library)]
    internal static partial CuResult cuDeviceGetCount(int* count);

    [LibraryImport(Library)]
    internal static partial CuResult cuDeviceGetName(byte* name, int length, CuDevice device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    internal static partial CuResult cuDeviceTotalMem(nuint* bytes, CuDevice device);

    [LibraryImport(Library)]
    internal static partial CuResult cuDeviceGetAttribute(int* value, int attribute, CuDevice device);

    [LibraryImport(Library)]
    internal static partial CuResult cuDevicePrimaryCtxRetain(CuContext* context, CuDevice device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    internal static partial CuResult cuDevicePrimaryCtxRelease(CuDevice device);

    [LibraryImport(Library)]
    internal static partial CuResult cuCtxSetCurrent(CuContext context);

    // Modules

    [LibraryImport(Library)]
    internal static partial CuResult cuModuleLoadDataEx(CuModule* module, byte* image, uint optionCount, int* options, void** optionValues);

    [LibraryImport(Library)]
    internal static partial CuResult cuModuleUnload(CuModule module);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial CuResult cuModuleGetFunction(CuFunction* function, CuModule module, string name);

    // Memory

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    internal static partial CuResult cuMemGetInfo(nuint* free, nuint* total);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    internal static partial CuResult cuMemAlloc(CuAddress* address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    internal static partial CuResult cuMemFree(CuAddress address);

    [LibraryImport(Library)]
    internal static partial CuResult cuMemHostAlloc(void** memory, nuint bytes, uint flags);

    [LibraryImport(Library)]
    internal static partial CuResult cuMemFreeHost(void* memory);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    internal static partial CuResult cuMemcpyHtoDAsync(CuAddress destination, void* source, nuint bytes, CuStream stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    internal static partial CuResult cuMemcpyDtoHAsync(void* destination, CuAddress source, nuint bytes, CuStream stream);

    // Streams, events, launches

    [LibraryImport(Library)]
    internal static partial CuResult cuStreamCreate(CuStream* stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    internal static partial CuResult cuStreamDestroy(CuStream stream);

    [LibraryImport(Library)]
    internal static partial CuResult cuStreamSynchronize(CuStream stream);

    [LibraryImport(Library)]
    internal static partial CuResult cuEventCreate(CuEvent* created, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    internal static partial CuResult cuEventDestroy(CuEvent destroyed);

    [LibraryImport(Library)]
    internal static partial CuResult cuEventRecord(CuEvent recorded, CuStream stream);

    [LibraryImport(Library)]
    internal static partial CuResult cuStreamWaitEvent(CuStream stream, CuEvent recorded, uint flags);

    [LibraryImport(Library)]
    internal static partial CuResult cuEventSynchronize(CuEvent recorded);

    [LibraryImport(Library)]
    internal static partial CuResult cuEventElapsedTime(float* milliseconds, CuEvent start, CuEvent end);

    [LibraryImport(Library)]
    internal static partial CuResult cuFuncGetAttribute(int* value, int attribute, CuFunction function);

    [LibraryImport(Library)]
    internal static partial CuResult cuFuncSetAttribute(CuFunction function, int attribute, int value);

    [LibraryImport(Library)]
    internal static partial CuResult cuLaunchKernel(
        CuFunction function,
        uint groupsX,
        uint groupsY,
        uint groupsZ,
        uint groupSizeX,
        uint groupSizeY,
        uint groupSizeZ,
        uint dynamicLocalBytes,
        CuStream stream,
        void** parameters,
        void** extra);

    [LibraryImport(Library)]
    internal static partial CuResult cuLaunchKernelEx(CuLaunchConfig* config, CuFunction function, void** parameters, void** extra);

    // Graphs

    [LibraryImport(Library, EntryPoint = "cuStreamBeginCapture_v2")]
    internal static partial CuResult cuStreamBeginCapture(CuStream stream, int mode);

    [LibraryImport(Library)]
    internal static partial CuResult cuStreamEndCapture(CuStream stream, CuGraph* graph);

    [LibraryImport(Library)]
    internal static partial CuResult cuGraphDestroy(CuGraph graph);

    [LibraryImport(Library)]
    internal static partial CuResult cuGraphInstantiateWithFlags(CuGraphExec* executable, CuGraph graph, ulong flags);

    [LibraryImport(Library)]
    internal static partial CuResult cuGraphExecDestroy(CuGraphExec executable);

    [LibraryImport(Library)]
    internal static partial CuResult cuGraphLaunch(CuGraphExec executable, CuStream stream);
}
