using Gsasr.Tensors;
using Gsasr.Testing;
using MathNet.Numerics.LinearAlgebra;

namespace Gsasr.Layers.Tests;

/// <summary>Linear layers against another library's matrix product.</summary>
[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class MatrixProductTests
{
    private static readonly int[] Sizes = [1, 2, 5, 6, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 180, 192];

    public static TheoryData<string, int> Depths => new MatrixTheoryData<string, int>(LayerDevices.Names, Sizes);

    [Theory]
    [MemberData(nameof(Depths))]
    public void A_linear_layer_is_a_matrix_product(string name, int depth)
    {
        // The parts of one large product are the products of the parts: [192, depth] times [depth, 192].
        Device device = TestDevices.Get(name);
        int largest = Sizes[^1];
        float[] a = Numbers.Of("a", largest * depth);
        float[] b = Numbers.Of("b", largest * depth);
        Matrix<double> left = Matrix<double>.Build.Dense(largest, depth, (row, k) => a[(row * depth) + k]);
        Matrix<double> right = Matrix<double>.Build.Dense(depth, largest, (k, column) => b[(column * depth) + k]);
        Matrix<double> products = left * right;
        Matrix<double> magnitudes = left.PointwiseAbs() * right.PointwiseAbs();
        double units = (2 + Math.Sqrt(depth)) * Bounded.Unit;

        foreach (int columns in Sizes)
        {
            using ConvolutionWeights weights = ConvolutionWeights.Create(device, b.AsSpan(0, columns * depth), [], depth, columns);
            foreach (int rows in Sizes)
            {
                using var x = new GuardedTensor(device, 1, rows, depth, values: a);
                using var y = new GuardedTensor(device, 1, rows, columns);
                Convolution.Run(x.Tensor, weights, y.Tensor);
                var expected = new Bounded[rows * columns];
                for (int i = 0; i < expected.Length; i++)
                    expected[i] = new(products[i / columns, i % columns], units * magnitudes[i / columns, i % columns]);
                Expect.Near(expected, y.Read(), columns);
            }
        }
    }
}
