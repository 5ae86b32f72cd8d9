using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class LayerNormTests
{
    private static readonly int[] AllChannels = [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 65, 180, 192];

    public static TheoryData<string, int, bool, bool> Channels =>
        new MatrixTheoryData<string, int, bool, bool>(LayerDevices.Names, AllChannels, [false, true], [false, true]);

    /// <summary>Height and width of the image, then of the table.</summary>
    public static TheoryData<string, int, int, int, int> Tables
    {
        get
        {
            (int, int, int, int)[] shapes =
            [
                (1, 1, 1, 1), (4, 6, 2, 2), (12, 24, 12, 12), (9, 3, 3, 3), (5, 7, 1, 1), (6, 4, 6, 4), (2, 9, 1, 3),
            ];
            var data = new TheoryData<string, int, int, int, int>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int height, int width, int tableHeight, int tableWidth) in shapes)
                    data.Add(device, height, width, tableHeight, tableWidth);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public void Any_number_of_channels_is_right(string device, int channels, bool shift, bool table)
    {
        Check(TestDevices.Get(device), new Case(6, 4, channels) { Shift = shift, TableHeight = table ? 2 : 0, TableWidth = table ? 2 : 0 });
        Check(TestDevices.Get(device), new Case(1, 1, channels) { Shift = shift, TableHeight = table ? 1 : 0, TableWidth = table ? 1 : 0 });
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void The_table_repeats_over_the_image(string device, int height, int width, int tableHeight, int tableWidth) =>
        Check(TestDevices.Get(device), new Case(height, width, 20) { TableHeight = tableHeight, TableWidth = tableWidth });

    [Theory]
    [EachLayerDevice]
    public void More_pixels_than_one_thread_takes_are_right(string device) =>
        Check(TestDevices.Get(device), new Case(13, 11, 24) { TableHeight = 13, TableWidth = 11, Shift = true });

    [Theory]
    [EachLayerDevice]
    public void Tensors_may_be_slices_of_wider_ones(string device)
    {
        var test = new Case(6, 8, 21) { Shift = true, TableHeight = 3, TableWidth = 4 };
        Check(TestDevices.Get(device), test with { X = Layout.Slice });
        Check(TestDevices.Get(device), test with { Y = Layout.Slice });
        Check(TestDevices.Get(device), test with { Table = Layout.Slice });
        Check(TestDevices.Get(device), test with { X = Layout.Slice, Y = Layout.Slice, Table = Layout.Slice });
    }

    [Theory]
    [EachLayerDevice]
    public void The_result_may_replace_the_input(string device)
    {
        var test = new Case(6, 8, 36) { InPlace = true };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { X = Layout.Slice, Shift = true, TableHeight = 2, TableWidth = 2 });
    }

    [Theory]
    [EachLayerDevice]
    public void A_mean_far_from_zero_does_not_cancel_the_variance(string device)
    {
        // The squares' mean less the mean's square would be wrong in the fourth digit here.
        Check(TestDevices.Get(device), new Case(3, 5, 64) { Offset = 30 });
        Check(TestDevices.Get(device), new Case(3, 5, 180) { Offset = -30, Shift = true });
    }

    [Theory]
    [EachLayerDevice]
    public void Epsilon_bounds_the_result_where_the_variance_is_small(string device) =>
        Check(TestDevices.Get(device), new Case(3, 5, 48) { Amplitude = 1f / 256 });

    [Theory]
    [EachLayerDevice]
    public void Tensors_that_do_not_fit_are_refused(string name)
    {
        using var memory = new GuardedTensor(TestDevices.Get(name), 6, 8, 48, values: Numbers.Of("x", 6 * 8 * 48));
        Tensor x = memory.Tensor.SliceChannels(0, 12);
        Tensor y = memory.Tensor.SliceChannels(12, 12);
        Tensor vector = memory.Tensor.SliceChannels(24, 12).Reshape(height: 1, width: 1);
        Tensor table = memory.Tensor.SliceChannels(36, 12).Reshape(height: 2, width: 2);
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x.Reshape(height: 5), vector, vector, y));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y.Reshape(width: 7)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y.Reshape(channels: 11)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector.Reshape(channels: 11), vector, y));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector.Reshape(channels: 13), y));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector.Reshape(width: 2), vector, y));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y, shift: vector.Reshape(channels: 11)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y, shift: vector.Reshape(height: 2)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y, windowTable: table.Reshape(channels: 11)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y, windowTable: table.Reshape(height: 4)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(x, vector, vector, y, windowTable: table.Reshape(width: 3)));
    }

    private static void Check(Device device, Case test)
    {
        float[] x = Numbers.Of("x", test.Height * test.Width * test.Channels, test.Amplitude);
        for (int i = 0; i < x.Length; i++)
            x[i] += test.Offset;
        float[] gamma = Numbers.Of("gamma", test.Channels);
        float[] beta = Numbers.Of("beta", test.Channels);
        float[]? shift = test.Shift ? Numbers.Of("shift", test.Channels) : null;
        float[]? table = test.TableHeight > 0 ? Numbers.Of("table", test.TableHeight * test.TableWidth * test.Channels) : null;
        Bounded[] expected = ReferenceLayerNorm.Run(x, gamma, beta, shift, table is null ? null : TableOf);

        using var input = new GuardedTensor(device, test.Height, test.Width, test.Channels, test.X, x);
        using var output = new GuardedTensor(device, test.Height, test.Width, test.Channels, test.Y);
        using var scale = new GuardedTensor(device, 1, 1, test.Channels, values: gamma);
        using var offset = new GuardedTensor(device, 1, 1, test.Channels, values: beta);
        using var shiftTensor = new GuardedTensor(device, 1, 1, test.Channels, values: shift);
        using GuardedTensor? tableTensor =
            table is null ? null : new GuardedTensor(device, test.TableHeight, test.TableWidth, test.Channels, test.Table, table);
        GuardedTensor result = test.InPlace ? input : output;
        LayerNorm.Run(
            input.Tensor,
            scale.Tensor,
            offset.Tensor,
            result.Tensor,
            shift is null ? null : shiftTensor.Tensor,
            tableTensor?.Tensor);
        Expect.Near(expected, result.Read(), test.Channels);

        float TableOf(int pixel, int channel)
        {
            int row = pixel / test.Width % test.TableHeight;
            int column = pixel % test.Width % test.TableWidth;
            return table[(((row * test.TableWidth) + column) * test.Channels) + channel];
        }
    }

    private sealed record Case(int Height, int Width, int Channels)
    {
        public float Amplitude { get; init; } = 1;

        public float Offset { get; init; }

        public bool Shift { get; init; }

        public int TableHeight { get; init; }

        public int TableWidth { get; init; }

        public bool InPlace { get; init; }

        public Layout X { get; init; }

        public Layout Y { get; init; }

        public Layout Table { get; init; }
    }
}
