using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>
/// Layers of float32 on tensor cores in software, everywhere, within the same bounds as those of float32 elsewhere. On a GPU of the Hopper
/// generation the tests of convolutions and heads run the same kernels with the hardware's instructions.
/// </summary>
[Collection(nameof(SoftwareGpu))]
public sealed class SplitInSoftwareTests
{
    private static GpuDevice Gpu => SoftwareGpu.Shared;

    /// <summary>Height, width, channels in and out, kernel: whole tiles, less, more; channels that are no fours; tiles of every width.</summary>
    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 1, 48, 48, 1 },
        { 1, 64, 64, 64, 1 },
        { 3, 22, 49, 51, 1 },
        { 5, 27, 64, 192, 1 },
        { 9, 15, 52, 250, 1 },
        { 1, 1, 48, 48, 3 },
        { 5, 13, 50, 49, 3 },
        { 7, 19, 72, 128, 3 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Convolutions_are_right(int height, int width, int inputs, int outputs, int kernel)
    {
        var test = new ConvolutionTests.Case(height, width, inputs, outputs, kernel);
        ConvolutionTests.Check(Gpu, test);
        ConvolutionTests.Check(Gpu, test with
        {
            X = Layout.Slice,
            Y = Layout.Slice,
            Activation = Activation.Gelu,
            Residual = ConvolutionTests.ResidualKind.InPlace,
            Bias = ConvolutionTests.BiasKind.Override,
        });
    }

    [Fact]
    public void Pixel_shuffle_makes_four_pixels_of_one()
    {
        var test = new ConvolutionTests.Case(4, 17, 48, 4 * 17, 3) { Shuffle = true };
        ConvolutionTests.Check(Gpu, test);
        ConvolutionTests.Check(Gpu, test with { Outputs = 4 * 16, Kernel = 1, Activation = Activation.Relu });
    }

    [Fact]
    public void A_rectangle_of_the_output_sees_its_neighbours() =>
        ConvolutionTests.Check(Gpu, new ConvolutionTests.Case(9, 14, 50, 52, 3) { FirstRow = 3, FirstColumn = 5, Rows = 4, Columns = 7 });

    [Theory]
    [InlineData(1e30f)]
    [InlineData(1e-30f)]
    [InlineData(1e6f)]
    public void Inputs_of_any_size_are_multiplied(float amplitude) =>
        ConvolutionTests.Check(Gpu, new ConvolutionTests.Case(2, 3, 64, 48, 1) { Amplitude = amplitude, Bias = ConvolutionTests.BiasKind.None });

    [Theory]
    [InlineData(48, 1, 1)]
    [InlineData(52, 7, 10)]
    [InlineData(192, 3, 7)]
    public void Gaussian_heads_are_right(int channels, int rows, int columns) =>
        GaussianHeadsTests.Check(Gpu, channels, rows, columns, new GridBlock(40, 24, 11, 9), Layout.Slice, Layout.Slice);
}
