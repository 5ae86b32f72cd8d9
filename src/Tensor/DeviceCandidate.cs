namespace Gsasr.Tensors;

/// <summary>A device that may be opened.</summary>
/// <param name="Description">What people are told about it.</param>
/// <param name="BeginOpening">Makes the device, which its driver then opens.</param>
/// <param name="Refusals">What was found to be of no use while it was looked for.</param>
internal sealed record DeviceCandidate(DeviceDescription Description, Func<Device> BeginOpening, IReadOnlyList<DeviceRefusal> Refusals);
