namespace Gsasr.Tensors;

/// <summary>A device, or a whole backend, that cannot be used.</summary>
/// <param name="Kind">The backend.</param>
/// <param name="Subject">What is refused, for people to read: "CUDA", or a device's name.</param>
/// <param name="Reason">Why, without a full stop.</param>
/// <param name="Cause">Whether there is no device, none that will do, or something failed.</param>
public sealed record DeviceRefusal(DeviceKind Kind, string Subject, string Reason, RefusalCause Cause)
{
    /// <summary>Subject and reason: "CUDA: no CUDA driver found".</summary>
    public override string ToString() => $"{Subject}: {Reason}";
}
