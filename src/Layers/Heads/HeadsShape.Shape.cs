using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>How the second and third layers of the Gaussian heads are packed for GPUs.</summary>
internal static class HeadsShape
{
    /// <summary>Networks that make a Gaussian.</summary>
    public const int Heads = 5;

    /// <summary>The most outputs of a head; those with fewer are filled up.</summary>
    public const int MaximumOutputs = 3;

    /// <summary>The head that makes the mean, and with it the remainders.</summary>
    public const int MeanHead = 4;

    /// <summary>The heads in their order: sigma, rho, alpha, colours, mean. The column at which a head's outputs start.</summary>
    /// <param name="head">The head, from 0.</param>
    public static int FirstColumnOf(int head) => head == 0 ? GaussianFormat.Raw.SigmaY
        : head == 1 ? GaussianFormat.Raw.Rho
        : head == 2 ? GaussianFormat.Raw.Alpha
        : head == 3 ? GaussianFormat.Raw.FirstColour
        : GaussianFormat.Raw.MeanX;

    /// <summary>How many outputs a head has.</summary>
    /// <param name="head">The head, from 0.</param>
    public static int OutputsOf(int head) => head == 0 || head == MeanHead ? 2 : head == 3 ? 3 : 1;
}
