using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>Says with which vectors the other tests ran.</summary>
[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class VectorWidthTests(ITestOutputHelper output)
{
    /// <summary>What the test writes for a width.</summary>
    /// <param name="floats">Floats in a vector.</param>
    internal static string Describe(int floats) => $"vectors of {floats} floats";

    [Fact]
    public void The_width_is_one_of_four()
    {
        output.WriteLine(Describe(SimdWidth.Floats));
        Assert.Contains(SimdWidth.Floats, (int[])[1, 4, 8, 16]);
        Assert.Equal(SimdWidth.Floats == 1 ? "scalar" : $"{32 * SimdWidth.Floats}-bit vectors", SimdWidth.Description);
    }
}
