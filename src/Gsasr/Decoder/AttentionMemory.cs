using Gsasr.Tensors;

namespace Gsasr.Decoder;

/// <summary>Memory that the layers of a block use one after the other.</summary>
/// <param name="Attended">[height, width, channels of all heads], the result of attention.</param>
/// <param name="QueryKeyValue">[height, width, 3 x channels of all heads].</param>
internal readonly record struct AttentionMemory(Tensor Attended, Tensor QueryKeyValue)
{
    /// <summary>Queries, if <paramref name="index"/> is 0, keys or values.</summary>
    /// <param name="index">0, 1 or 2.</param>
    public Tensor Part(int index) => QueryKeyValue.SliceChannels(index * Attended.Channels, Attended.Channels);

    /// <summary>Room for two times the channels of x, where queries and keys are.</summary>
    /// <param name="x">[height, width, C].</param>
    public (Tensor Normal, Tensor Hidden) RoomFor(in Tensor x) => (Part(0).SliceChannels(0, x.Channels), Part(1).SliceChannels(0, x.Channels));
}
