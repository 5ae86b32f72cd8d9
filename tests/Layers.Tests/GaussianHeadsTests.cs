using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class GaussianHeadsTests
{
    private const int FirstMean = 7;

    private static readonly int[] OutputSizes = [2, 1, 1, 3, 2];

    /// <summary>Rows and columns of the block: 1, 5, 48, 49 and 136 cells.</summary>
    public static TheoryData<string, int, int, int> Blocks
    {
        get
        {
            var data = new TheoryData<string, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach (int channels in (int[])[1, 4, 16, 20, 64])
                {
                    foreach ((int rows, int columns) in ((int, int)[])[(1, 1), (5, 1), (6, 8), (7, 7), (8, 17)])
                        data.Add(device, channels, rows, columns);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Gaussians_of_any_block_are_right(string device, int channels, int rows, int columns) =>
        Check(TestDevices.Get(device), channels, rows, columns, new GridBlock(rows, columns, 0, 0), Layout.Dense, Layout.Dense);

    [Theory]
    [EachLayerDevice]
    public void Means_stand_where_the_block_stands_in_the_grid(string name)
    {
        Device device = TestDevices.Get(name);
        Check(device, 8, 3, 5, new GridBlock(40, 24, 11, 19), Layout.Dense, Layout.Dense);
        Check(device, 8, 3, 5, new GridBlock(40, 24, 37, 0), Layout.Dense, Layout.Dense);
        Check(device, 4, 1, 1, new GridBlock(7777, 9999, 7776, 9998), Layout.Dense, Layout.Dense);
    }

    [Theory]
    [EachLayerDevice]
    public void Tensors_may_be_slices_of_wider_ones(string name)
    {
        Device device = TestDevices.Get(name);
        var placement = new GridBlock(12, 12, 1, 2);
        Check(device, 12, 2, 2, placement, Layout.Slice, Layout.Dense);
        Check(device, 12, 7, 9, placement, Layout.Slice, Layout.Dense);
        Check(device, 12, 7, 9, placement, Layout.Dense, Layout.Slice);
        Check(device, 12, 7, 9, placement, Layout.Slice, Layout.Slice);
    }

    /// <summary>So many cells that a GPU takes them in bands.</summary>
    [Theory]
    [Trait(Traits.Large, Traits.Yes)]
    [EachLayerDevice]
    public void A_large_block_is_the_same_as_its_parts(string name)
    {
        const int channels = 64;
        const int rows = 330;
        const int columns = 320;
        const int partRows = 9;
        Device device = TestDevices.Get(name);
        using GaussianHeadsWeights weights = Weights(device, Reference(channels));
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var input = new GuardedTensor(device, rows, columns, channels, values: Numbers.Of("features", rows * columns * channels));
        using var whole = new GuardedTensor(device, rows, columns, GaussianFormat.Raw.Columns);
        using var part = new GuardedTensor(device, partRows, columns, GaussianFormat.Raw.Columns);
        GridPlacement placement = new GridBlock(rows, columns, 0, 0).Place(rows, columns, arena);
        GridPlacement partPlacement = placement with { RowCentres = placement.RowCentres.SliceChannels(rows - partRows, partRows) };
        GaussianHeads.Run(input.Tensor, weights, whole.Tensor, placement, arena);
        GaussianHeads.Run(input.Tensor.SliceRows(rows - partRows, partRows), weights, part.Tensor, partPlacement, arena);
        Expect.SameBits(part.Read(), whole.Read().AsSpan((rows - partRows) * columns * GaussianFormat.Raw.Columns));
    }

    [Theory]
    [EachLayerDevice]
    public void Tensors_and_placements_that_do_not_fit_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        using GaussianHeadsWeights weights = Weights(device, Reference(4));
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var input = new GuardedTensor(device, 3, 5, 4, values: Numbers.Of("x", 60));
        using var output = new GuardedTensor(device, 3, 5, GaussianFormat.Raw.Columns);
        Tensor x = input.Tensor;
        Tensor y = output.Tensor;
        GridPlacement placement = new GridBlock(6, 7, 1, 1).Place(3, 5, arena);
        Assert.Throws<ArgumentNullException>(() => GaussianHeads.Run(x, null!, y, placement, arena));
        Assert.Throws<ArgumentNullException>(() => GaussianHeads.Run(x, weights, y, placement, null!));
        Refused(x.Reshape(channels: 3), y, placement);
        Refused(x.Reshape(height: 2), y, placement);
        Refused(x, y.Reshape(width: 4), placement);
        Refused(x, y.Reshape(channels: 8), placement);
        Refused(x, y, placement with { RowCentres = placement.RowCentres.SliceChannels(0, 2) });
        Refused(x, y, placement with { ColumnCentres = placement.ColumnCentres.SliceChannels(0, 4) });
        Refused(x, y, placement with { GridHeight = 2 });
        Refused(x, y, placement with { GridWidth = 4 });

        void Refused(Tensor from, Tensor to, GridPlacement place) =>
            Assert.Throws<ArgumentException>(() => GaussianHeads.Run(from, weights, to, place, arena));
    }

    [Theory]
    [EachLayerDevice]
    public void Weights_of_the_wrong_size_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        ReferenceGaussianHeads right = Reference(4);
        Assert.Throws<ArgumentException>(() => new GaussianHeadsWeights(device, 5, right.First, right.Second, right.Third));
        for (int head = 0; head < OutputSizes.Length; head++)
        {
            Refused(right with { First = Shortened(right.First, head) });
            Refused(right with { Second = Shortened(right.Second, head) });
            Refused(right with { Third = Shortened(right.Third, head) });
        }

        Refused(right with { First = [.. right.First.Take(4)] });
        Refused(right with { Second = [.. right.Second.Take(4)] });
        Refused(right with { Third = [.. right.Third.Take(4)] });
        void Refused(ReferenceGaussianHeads wrong) => Assert.Throws<ArgumentException>(() => Weights(device, wrong));
    }

    internal static void Check(Device device, int channels, int rows, int columns, GridBlock block, Layout xLayout, Layout yLayout)
    {
        ReferenceGaussianHeads reference = Reference(channels);
        float[] features = Numbers.Of("features", rows * columns * channels);
        using GaussianHeadsWeights weights = Weights(device, reference);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        using var x = new GuardedTensor(device, rows, columns, channels, xLayout, features);
        using var y = new GuardedTensor(device, rows, columns, GaussianFormat.Raw.Columns, yLayout);
        GaussianHeads.Run(x.Tensor, weights, y.Tensor, block.Place(rows, columns, arena), arena);

        const int outputs = GaussianFormat.Raw.PublishedColumns;
        Bounded[] expected = reference.Run(features, columns, block);
        float[] actual = y.Read();
        var rounded = new float[expected.Length];
        for (int cell = 0; cell < rows * columns; cell++)
        {
            Span<float> gaussian = actual.AsSpan(cell * GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
            gaussian[..outputs].CopyTo(rounded.AsSpan(cell * outputs));
            for (int axis = 0; axis < 2; axis++)
            {
                int place = cell * outputs + FirstMean + axis;
                float mean = gaussian[FirstMean + axis];
                float remainder = gaussian[outputs + axis];
                Assert.InRange(Math.Abs(remainder), 0, Bounded.Unit * Math.Abs(mean));
                Assert.InRange((double)mean + remainder - expected[place].Value, -expected[place].Error, expected[place].Error);
                expected[place] += 0f;
            }
        }

        Expect.Near(expected, rounded, outputs);
    }

    private static ReferenceGaussianHeads Reference(int channels)
    {
        return new(
            channels,
            [.. OutputSizes.Select((_, head) => Layer($"first {head}", channels, channels))],
            [.. OutputSizes.Select((_, head) => Layer($"second {head}", channels, 4 * channels))],
            [.. OutputSizes.Select((size, head) => Layer($"third {head}", 4 * channels, size))]);

        // Sized so that values neither grow nor shrink from layer to layer.
        static (float[] Weight, float[] Bias) Layer(string name, int inputs, int outputs) =>
            (Numbers.Of(name, outputs * inputs, 2 / MathF.Sqrt(inputs)), Numbers.Of($"{name} bias", outputs));
    }

    private static GaussianHeadsWeights Weights(Device device, ReferenceGaussianHeads reference) =>
        new(device, reference.Channels, reference.First, reference.Second, reference.Third);

    private static List<(float[] Weight, float[] Bias)> Shortened(IReadOnlyList<(float[] Weight, float[] Bias)> layers, int head)
    {
        List<(float[] Weight, float[] Bias)> wrong = [.. layers];
        wrong[head] = (layers[head].Weight[1..], layers[head].Bias);
        return wrong;
    }
}
