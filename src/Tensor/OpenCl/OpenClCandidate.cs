using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>An OpenCL device that fulfils what the kernels need.</summary>
/// <param name="Platform">The platform that it belongs to.</param>
/// <param name="Device">The device.</param>
/// <param name="Description">What people are told about it.</param>
/// <param name="Fingerprint">Everything on which a compiled program depends: device, driver and platform with their versions.</param>
/// <param name="LocalMemoryBytes">Bytes of local memory for a work-group.</param>
/// <param name="ProcessorCount">Compute units.</param>
internal sealed record OpenClCandidate(
    ClPlatform Platform,
    ClDeviceId Device,
    DeviceDescription Description,
    string Fingerprint,
    ulong LocalMemoryBytes,
    int ProcessorCount);
