namespace Gsasr.Tensors;

/// <summary>What a launch of a sequence waits for.</summary>
internal enum LaunchOrder
{
    /// <summary>All launches before it, but for those that run beside.</summary>
    Next,

    /// <summary>All launches before it. The next launches need not wait for it.</summary>
    Beside,

    /// <summary>All launches before it, those that run beside among them.</summary>
    Joining,
}
