using System.Diagnostics.CodeAnalysis;

namespace Gsasr.Tensors;

/// <summary>How one value of a tensor is encoded, in memory and in files, where it is little-endian.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The members name number formats.")]
internal enum ElementType
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary64.</summary>
    Float64,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>Signed, 8 bytes.</summary>
    Int64,

    /// <summary>Signed, 4 bytes.</summary>
    Int32,

    /// <summary>Signed, 2 bytes.</summary>
    Int16,

    /// <summary>Signed, 1 byte.</summary>
    Int8,

    /// <summary>Unsigned, 1 byte.</summary>
    UInt8,

    /// <summary>1 byte, zero or not.</summary>
    Bool,
}
