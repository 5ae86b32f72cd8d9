namespace Gsasr.Tensors;

/// <summary>A sequence of launches that the driver starts at once.</summary>
internal abstract class GpuGraph
{
    /// <summary>Starts the launches after everything started before.</summary>
    public abstract void Launch();

    /// <summary>Gives it back to the driver, within a use of the device or when nobody uses it any more. It may be running.</summary>
    public abstract void Release();
}
