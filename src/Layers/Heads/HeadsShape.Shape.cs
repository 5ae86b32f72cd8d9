namespace Gsasr.Layers;

/// <summary>How the second and third layers of the Gaussian heads are packed for GPUs.</summary>
internal static class HeadsShape
{
    /// <summary>Networks that make a Gaussian.</summary>
    public const int Heads = 5;

    /// <summary>The most outputs of a head; those with fewer are filled up.</summary>
    public const int MaximumOutputs = 3;
}
