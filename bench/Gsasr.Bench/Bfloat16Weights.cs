using System.Buffers.Binary;
using Gsasr.Checkpoints;

namespace Gsasr.Bench;

/// <summary>A checkpoint whose matrices and convolutions are rounded to bfloat16, as PyTorch's autocast rounds them before it multiplies. It rounds activations too.</summary>
/// <param name="inner">The checkpoint, of float32; closed with this one.</param>
internal sealed class Bfloat16Weights(Checkpoint inner) : Checkpoint
{
    /// <inheritdoc/>
    public override string Source => inner.Source;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => inner.Tensors;

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        inner.ReadBytes(tensor.Name, destination);
        if (tensor.Shape.Count < 2 || !tensor.Name.EndsWith("weight", StringComparison.Ordinal))
            return;
        for (int i = 0; i < destination.Length; i += sizeof(uint))
        {
            // To the nearest, ties to even.
            uint bits = BinaryPrimitives.ReadUInt32LittleEndian(destination[i..]);
            bits += 0x7FFF + ((bits >> 16) & 1);
            BinaryPrimitives.WriteUInt32LittleEndian(destination[i..], bits & 0xFFFF0000);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
