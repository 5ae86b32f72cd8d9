using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>
/// The names that a pickle may mention. Any other one is refused when it is mentioned, whether or not it would be called.
/// </summary>
internal static class PickleGlobals
{
    public static PickleGlobal Resolve(string module, string name, string source) => (module, name) switch
    {
        ("collections", "OrderedDict") => PickleGlobal.OrderedDict,
        ("torch._utils", "_rebuild_tensor") => PickleGlobal.RebuildTensor,
        ("torch._utils", "_rebuild_tensor_v2") => PickleGlobal.RebuildTensorV2,
        ("torch._utils", "_rebuild_parameter") => PickleGlobal.RebuildParameter,
        ("torch._utils", "_rebuild_parameter_with_state") => PickleGlobal.RebuildParameterWithState,
        ("torch", "FloatStorage") => PickleGlobal.FloatStorage,
        ("torch", "DoubleStorage") => PickleGlobal.DoubleStorage,
        ("torch", "HalfStorage") => PickleGlobal.HalfStorage,
        ("torch", "BFloat16Storage") => PickleGlobal.BFloat16Storage,
        ("torch", "LongStorage") => PickleGlobal.LongStorage,
        ("torch", "IntStorage") => PickleGlobal.IntStorage,
        ("torch", "ShortStorage") => PickleGlobal.ShortStorage,
        ("torch", "CharStorage") => PickleGlobal.CharStorage,
        ("torch", "ByteStorage") => PickleGlobal.ByteStorage,
        ("torch", "BoolStorage") => PickleGlobal.BoolStorage,
        _ => throw Refused(module, name, source),
    };

    /// <summary>The element type of a storage class, or null where the name is no storage class.</summary>
    public static ElementType? ElementTypeOf(PickleGlobal global) => global switch
    {
        PickleGlobal.FloatStorage => ElementType.Float32,
        PickleGlobal.DoubleStorage => ElementType.Float64,
        PickleGlobal.HalfStorage => ElementType.Float16,
        PickleGlobal.BFloat16Storage => ElementType.BFloat16,
        PickleGlobal.LongStorage => ElementType.Int64,
        PickleGlobal.IntStorage => ElementType.Int32,
        PickleGlobal.ShortStorage => ElementType.Int16,
        PickleGlobal.CharStorage => ElementType.Int8,
        PickleGlobal.ByteStorage => ElementType.UInt8,
        PickleGlobal.BoolStorage => ElementType.Bool,
        _ => null,
    };

    private static CheckpointFormatException Refused(string module, string name, string source)
    {
        string wanted = Quote.Name($"{module}.{name}");
        if (module.StartsWith("torch.nn.", StringComparison.Ordinal))
        {
            return new CheckpointFormatException(
                $"{source} holds a whole module ({wanted}) and would have to run code; refused. Save the module's state_dict() instead.");
        }

        return module == "torch" && name.EndsWith("Storage", StringComparison.Ordinal)
            ? new CheckpointFormatException($"{source} holds values of the type {wanted}, which is not read.")
            : new CheckpointFormatException($"{source} wants to run {wanted}; refused. Only plain tensors are read from a checkpoint.");
    }
}
