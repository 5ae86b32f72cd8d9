namespace Gsasr.Tensors;

/// <summary>The reason behind a <see cref="DeviceRefusal"/>.</summary>
public enum RefusalCause
{
    /// <summary>There is no driver or no device, as is usual for some backend.</summary>
    Absent,

    /// <summary>There is one, but it lacks something that is needed, or is too old.</summary>
    Unsuitable,

    /// <summary>A call of the driver failed.</summary>
    Failed,
}
