using System.Globalization;
using Gsasr.Checkpoints;

namespace Gsasr.Architecture;

/// <summary>
/// Finds the sizes of a network from the names and shapes below one prefix of a checkpoint, and refuses sizes that no GSASR model has
/// before anything is allocated for them.
/// </summary>
internal sealed class TensorShapes(Checkpoint checkpoint, string prefix)
{
    private const int MaxExtent = 65_536;
    private const int MaxRepeats = 64;

    public bool Has(string name) => checkpoint.Tensors.ContainsKey(prefix + name);

    /// <summary>One extent of a tensor of the given rank.</summary>
    public int Extent(string name, int rank, int axis)
    {
        if (!checkpoint.Tensors.TryGetValue(prefix + name, out TensorInfo? tensor))
            throw new CheckpointFormatException($"{checkpoint.Source}: tensor {Quote.Name(prefix + name)} is missing.");
        if (tensor.Shape.Count != rank || tensor.Shape[axis] is < 1 or > MaxExtent)
            throw Invalid(name, $"has the shape {tensor.ShapeText}, which no GSASR has");
        return tensor.Shape[axis];
    }

    /// <summary>How many times a block repeats: one more than the largest n in names that begin with <c>name.n.</c></summary>
    public int Repeats(string name)
    {
        string start = $"{prefix}{name}.";
        int repeats = 0;
        foreach (string candidate in checkpoint.Tensors.Keys)
        {
            if (!candidate.StartsWith(start, StringComparison.Ordinal))
                continue;
            ReadOnlySpan<char> rest = candidate.AsSpan(start.Length);
            int digits = rest.IndexOf('.');
            if (digits < 1 || !int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int index))
                continue;
            if (index >= MaxRepeats)
                throw Invalid(candidate[prefix.Length..], $"is number {index} of its kind; no GSASR has more than {MaxRepeats}");
            repeats = Math.Max(repeats, index + 1);
        }

        return repeats > 0 ? repeats : throw new CheckpointFormatException($"{checkpoint.Source}: no tensor is named {start}0.");
    }

    /// <summary>The side of a square of so many cells.</summary>
    public int Side(string name, int cells)
    {
        int side = (int)Math.Round(Math.Sqrt(cells));
        return side * side == cells ? side : throw Invalid(name, $"has {cells} rows, which is no square of a window's side");
    }

    /// <summary>The window side s of a relative position bias table of (2s - 1)^2 rows.</summary>
    public int WindowOfBiasTable(string name)
    {
        int rows = Extent(name, rank: 2, axis: 0);
        int side = Side(name, rows);
        return side % 2 == 1 ? (side + 1) / 2 : throw Invalid(name, $"has {rows} rows, which fit no window");
    }

    /// <summary>The heads of an attention over so many channels with a relative position bias table [(2s - 1)^2, heads].</summary>
    public int HeadsOfBiasTable(string name, int channels)
    {
        int heads = Extent(name, rank: 2, axis: 1);
        return channels % heads == 0 ? heads : throw Invalid(name, $"has {heads} heads, which do not share {channels} channels evenly");
    }

    /// <summary>The heads of an attention over so many channels with rotary frequencies [2, heads, headWidth / 2].</summary>
    public int HeadsOfRope(string name, int channels)
    {
        int heads = Extent(name, rank: 3, axis: 1);
        return (long)heads * 2 * Extent(name, rank: 3, axis: 2) == channels
            ? heads
            : throw Invalid(name, $"has {heads} heads, whose frequencies do not share {channels} channels evenly");
    }

    private CheckpointFormatException Invalid(string name, string fault) =>
        new($"{checkpoint.Source}: tensor {Quote.Name(prefix + name)} {fault}.");
}
