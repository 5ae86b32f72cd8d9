namespace Gsasr.Tensors;

/// <summary>A device, or a whole road to devices, that cannot be used.</summary>
/// <param name="Kind">The road.</param>
/// <param name="Subject">What is refused, for people to read: "CUDA", or a device's name.</param>
/// <param name="Reason">Why, without a full stop.</param>
/// <param name="IsAbsent">Whether there is simply no driver, as is usual for some road; otherwise something is broken or too old.</param>
public sealed record DeviceRefusal(DeviceKind Kind, string Subject, string Reason, bool IsAbsent)
{
    /// <summary>Subject and reason: "CUDA: no CUDA driver found".</summary>
    public override string ToString() => $"{Subject}: {Reason}";
}
