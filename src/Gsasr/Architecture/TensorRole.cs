namespace Gsasr.Architecture;

/// <summary>What a tensor is to the network it belongs to.</summary>
public enum TensorRole
{
    /// <summary>Trained numbers, of any floating-point type; required.</summary>
    Parameter,

    /// <summary>
    /// Integers that say which row of a bias table belongs to which pair of tokens; required, since the one of the paper's cross
    /// attention follows no formula.
    /// </summary>
    IndexTable,

    /// <summary>Something that follows from the architecture alone; published files hold it, nothing reads it.</summary>
    Redundant,
}
