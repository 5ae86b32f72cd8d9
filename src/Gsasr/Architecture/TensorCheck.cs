using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Architecture;

/// <summary>Compares the tensors of a checkpoint with those that its architecture calls for.</summary>
internal static class TensorCheck
{
    private const int NamesShown = 3;

    /// <exception cref="CheckpointFormatException">They differ; the message names the first few of each kind of difference.</exception>
    public static void Run(Checkpoint checkpoint, GsasrArchitecture architecture)
    {
        var missing = new List<string>();
        var different = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in architecture.ExpectedTensors())
        {
            known.Add(expected.Name);
            if (!checkpoint.Tensors.TryGetValue(expected.Name, out TensorInfo? tensor))
            {
                if (expected.IsRequired)
                    missing.Add(Quote.Name(expected.Name));
            }
            else if (!expected.Accepts(tensor.Shape))
            {
                string shape = TensorInfo.FormatShape(expected.Shape);
                different.Add($"{Quote.Name(tensor.Name)} is {tensor.ShapeText} instead of {shape}");
            }
            else if (expected.IsRequired && tensor.ElementType.IsFloat() != (expected.Role == TensorRole.Parameter))
            {
                different.Add($"{Quote.Name(tensor.Name)} holds {tensor.ElementType} values");
            }
        }

        IEnumerable<string> others = checkpoint.Tensors.Keys.Where(name => !known.Contains(name));
        List<string> unknown = [.. others.Order(StringComparer.Ordinal).Select(Quote.Name)];
        if (missing.Count + different.Count + unknown.Count == 0)
            return;
        var faults = new List<string>();
        AddFault(faults, "missing", missing);
        AddFault(faults, "not as it should be", different);
        AddFault(faults, "unknown", unknown);
        throw new CheckpointFormatException(
            $"{checkpoint.Source} looks like a GSASR model ({architecture.Encoder.Name} encoder, "
            + $"{(architecture.Decoder.Kind == DecoderKind.Paper ? "paper" : "enhanced")} decoder), but {string.Join("; ", faults)}.");
    }

    private static void AddFault(List<string> faults, string fault, List<string> names)
    {
        if (names.Count == 0)
            return;
        string more = names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : "";
        string tensors = names.Count == 1 ? "tensor is" : "tensors are";
        faults.Add($"{names.Count} {tensors} {fault}: {string.Join(", ", names.Take(NamesShown))}{more}");
    }
}
