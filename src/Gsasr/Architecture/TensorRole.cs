namespace Gsasr.Architecture;

/// <summary>What a tensor is to the network it belongs to.</summary>
internal enum TensorRole
{
    /// <summary>Trained numbers, of any floating-point type; required.</summary>
    Parameter,

    /// <summary>
    /// Integers that say which row of a bias table belongs to which pair of tokens. They are required, because those of the paper's cross
    /// attention follow no formula.
    /// </summary>
    IndexTable,

    /// <summary>Something that follows from the architecture alone; published files hold it, nothing reads it.</summary>
    Redundant,
}
