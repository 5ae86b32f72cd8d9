using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed class WindowAttentionTests
{
    public enum Embedding
    {
        None,
        Bias,
        Rotary,
    }

    /// <summary>Head size and embedding; pairs of channels are rotated, so odd heads have no rotary embedding.</summary>
    public static TheoryData<string, int, int, Embedding> HeadSizes
    {
        get
        {
            var data = new TheoryData<string, int, int, Embedding>();
            foreach (string device in LayerDevices.Names)
            {
                foreach (int headSize in (int[])[1, 2, 5, 16, 30, 32, 48])
                {
                    foreach (Embedding embedding in Enum.GetValues<Embedding>())
                    {
                        if (embedding != Embedding.Rotary || headSize % 2 == 0)
                            data.Add(device, headSize, headSize > 30 ? 2 : 3, embedding);
                    }
                }
            }

            return data;
        }
    }

    public static TheoryData<string, int, Embedding, bool> Windows =>
        new MatrixTheoryData<string, int, Embedding, bool>(LayerDevices.Names, [1, 2, 4, 8], Enum.GetValues<Embedding>(), [false, true]);

    public static TheoryData<string, int, int, Embedding> LargeWindows =>
        new MatrixTheoryData<string, int, int, Embedding>(LayerDevices.Names, [12, 16], [16, 30, 32], Enum.GetValues<Embedding>());

    /// <summary>Window, query shift, key shift, mask.</summary>
    public static TheoryData<string, int, int, int, bool> Shifts
    {
        get
        {
            (int, int, int, bool)[] shifts =
            [
                (4, 2, 2, false), (4, 2, 2, true), (4, 0, 2, false), (4, 2, 0, false), (4, 1, 3, false), (4, 3, 3, true), (4, 1, 1, true),
                (4, 0, 0, true), (8, 4, 4, true), (8, 7, 7, true), (2, 1, 1, true), (5, 2, 2, true), (6, 3, 5, false),
            ];
            var data = new TheoryData<string, int, int, int, bool>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int window, int queryShift, int keyShift, bool mask) in shifts)
                    data.Add(device, window, queryShift, keyShift, mask);
            }

            return data;
        }
    }

    /// <summary>Window, key window, rows and columns of windows.</summary>
    public static TheoryData<string, int, int, int, int, Embedding> Overlaps
    {
        get
        {
            (int, int, int, int)[] overlaps =
            [
                (4, 6, 1, 1), (4, 6, 2, 3), (4, 8, 3, 2), (4, 12, 2, 2), (2, 2, 2, 2), (1, 3, 3, 4), (3, 5, 2, 1),
            ];
            var data = new TheoryData<string, int, int, int, int, Embedding>();
            foreach (string device in LayerDevices.Names)
            {
                foreach ((int window, int keyWindow, int rows, int columns) in overlaps)
                {
                    foreach (Embedding embedding in Enum.GetValues<Embedding>())
                        data.Add(device, window, keyWindow, rows, columns, embedding);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(HeadSizes))]
    public void Heads_of_any_size_are_right(string device, int headSize, int heads, Embedding embedding) =>
        Check(TestDevices.Get(device), new Case(4, 2, 3, heads, headSize) { Embedding = embedding });

    [Theory]
    [MemberData(nameof(Windows))]
    public void Windows_of_any_size_are_right(string device, int window, Embedding embedding, bool shifted)
    {
        int shift = shifted ? window / 2 : 0;
        Device opened = TestDevices.Get(device);
        Check(opened, new Case(window, 1, 1, 2, 6) { Embedding = embedding, QueryShift = shift, KeyShift = shift });
        Check(opened, new Case(window, 3, 2, 2, 6) { Embedding = embedding, QueryShift = shift, KeyShift = shift });
        Check(opened, new Case(window, 1, 4, 1, 16) { Embedding = embedding, QueryShift = shift, KeyShift = shift });
    }

    [Theory]
    [Trait(Traits.Large, Traits.Yes)]
    [MemberData(nameof(LargeWindows))]
    public void The_windows_of_the_published_models_are_right(string device, int window, int headSize, Embedding embedding)
    {
        var test = new Case(window, 2, 1, 2, headSize)
        {
            Embedding = embedding,
            QueryShift = window / 2,
            KeyShift = window / 2,
        };
        Check(TestDevices.Get(device), test);
    }

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Shifted_windows_wrap_around(string device, int window, int queryShift, int keyShift, bool mask)
    {
        var test = new Case(window, 3, 2, 2, 4) { QueryShift = queryShift, KeyShift = keyShift, MaskWrapped = mask };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { Embedding = Embedding.Bias, Rows = 1, Columns = 1 });

        // Scores of a hundred and more win against the mask.
        Check(TestDevices.Get(device), test with { Amplitude = 150 });
    }

    [Theory]
    [MemberData(nameof(Overlaps))]
    public void Overlapping_key_windows_reach_over_the_border(
        string device, int window, int keyWindow, int rows, int columns, Embedding embedding) =>
        Check(TestDevices.Get(device), new Case(window, rows, columns, 2, 10) { Overlapping = keyWindow, Embedding = embedding });

    [Theory]
    [Trait(Traits.Large, Traits.Yes)]
    [EachLayerDevice]
    public void The_overlapping_windows_of_the_published_model_are_right(string device) =>
        Check(TestDevices.Get(device), new Case(16, 1, 2, 1, 32) { Overlapping = 24, Embedding = Embedding.Rotary });

    [Theory]
    [EachLayerDevice]
    public void Queries_of_shifted_windows_may_meet_overlapping_keys(string device) =>
        Check(TestDevices.Get(device), new Case(4, 2, 2, 2, 8) { Overlapping = 6, QueryShift = 1, Embedding = Embedding.Rotary });

    [Theory]
    [EachLayerDevice]
    public void Queries_keys_and_values_may_be_slices_of_one_tensor(string device)
    {
        var test = new Case(4, 2, 3, 3, 10) { Fused = true, Y = Layout.Slice, Embedding = Embedding.Rotary };
        Check(TestDevices.Get(device), test);
        Check(TestDevices.Get(device), test with { QueryShift = 2, KeyShift = 2, Embedding = Embedding.Bias });
        Check(TestDevices.Get(device), test with { Overlapping = 6 });
    }

    [Theory]
    [EachLayerDevice]
    public void Queries_keys_and_values_may_have_different_pitches(string device) =>
        Check(TestDevices.Get(device), new Case(4, 2, 2, 2, 7) { X = Layout.Slice, Embedding = Embedding.Bias });

    [Theory]
    [EachLayerDevice]
    public void Large_scores_neither_overflow_nor_lose_the_smaller_ones(string device)
    {
        // Scores up to some hundreds, so that most weights of the softmax vanish.
        Check(TestDevices.Get(device), new Case(4, 2, 2, 2, 16) { Amplitude = 20 });
        Check(TestDevices.Get(device), new Case(8, 1, 1, 1, 16) { Amplitude = 6, Embedding = Embedding.Rotary });
    }

    [Theory]
    [EachLayerDevice]
    public void Settings_that_do_not_fit_are_refused(string name)
    {
        Device device = TestDevices.Get(name);
        using var memory = new GuardedTensor(device, 8, 12, 40, values: Numbers.Of("x", 8 * 12 * 40));
        using var table = new GuardedTensor(device, 8, 16, 24, values: Numbers.Of("t", 8 * 16 * 24));
        Tensor x = memory.Tensor.SliceChannels(0, 6);
        Tensor y = memory.Tensor.SliceChannels(20, 6);
        var settings = new WindowAttentionSettings(4, 2);

        Assert.Throws<ArgumentNullException>(() => WindowAttention.Run(x, x, x, y, null!));
        RefusedTensors(x.Reshape(channels: 8), x, x, y);
        RefusedTensors(x, x.Reshape(height: 4), x, y);
        RefusedTensors(x, x, x.Reshape(width: 8), y);
        RefusedTensors(x, x, x, y.Reshape(channels: 8));
        RefusedTensors(x.Reshape(height: 6), x.Reshape(height: 6), x.Reshape(height: 6), y.Reshape(height: 6));
        RefusedTensors(x.Reshape(width: 6), x.Reshape(width: 6), x.Reshape(width: 6), y.Reshape(width: 6));
        Refused(settings with { WindowSize = 0 });
        Refused(settings with { WindowSize = -4 });
        Refused(settings with { Heads = 0 });
        Refused(settings with { Heads = 4 });
        Refused(settings with { QueryShift = -1 });
        Refused(settings with { QueryShift = 4 });
        Refused(settings with { KeyShift = -1 });
        Refused(settings with { KeyShift = 4 });
        Refused(settings with { OverlappingKeyWindowSize = 2 });
        Refused(settings with { OverlappingKeyWindowSize = 5 });
        Refused(settings with { OverlappingKeyWindowSize = 6, KeyShift = 1 });
        Refused(settings with { OverlappingKeyWindowSize = 6, MaskWrapped = true });
        Refused(settings with { QueryShift = 2, MaskWrapped = true });
        Tensor bias = Dense(2, 16, 16);
        Refused(settings with { Bias = bias.Reshape(height: 1) });
        Refused(settings with { Bias = bias.Reshape(width: 15) });
        Refused(settings with { Bias = bias.Reshape(channels: 15, pitch: 15) });
        Refused(settings with { Bias = bias.Reshape(pitch: 17) });
        Refused(settings with { Bias = bias, OverlappingKeyWindowSize = 6 });
        Tensor rotary = Dense(2, 16, 2);
        Refused(settings with { Rotary = rotary });
        Refused(settings with { Heads = 3, Rotary = rotary });
        Refused(settings with { Heads = 3, Rotary = rotary.Reshape(height: 3, width: 15) });
        Refused(settings with { Heads = 3, Rotary = rotary.Reshape(height: 3, pitch: 3) });
        Refused(settings with { Rotary = Dense(2, 16, 3) });

        Tensor Dense(int height, int width, int channels) =>
            new(table.Tensor.Buffer, table.Tensor.Offset, height, width, channels, channels);
        void Refused(WindowAttentionSettings wrong) => Assert.Throws<ArgumentException>(() => WindowAttention.Run(x, x, x, y, wrong));
        void RefusedTensors(Tensor query, Tensor key, Tensor value, Tensor result) =>
            Assert.Throws<ArgumentException>(() => WindowAttention.Run(query, key, value, result, settings));
    }

    private static void Check(Device device, Case test)
    {
        int height = test.Rows * test.Window;
        int width = test.Columns * test.Window;
        int channels = test.Heads * test.HeadSize;
        int count = height * width * channels;
        int keyWindow = test.Overlapping == 0 ? test.Window : test.Overlapping;
        int queryTokens = test.Window * test.Window;
        int keyTokens = keyWindow * keyWindow;
        float[] query = Numbers.Of("query", count, test.Amplitude);
        float[] key = Numbers.Of("key", count);
        float[] value = Numbers.Of("value", count);
        float[]? bias = test.Embedding == Embedding.Bias ? Numbers.Of("bias", test.Heads * queryTokens * keyTokens, 3) : null;
        float[]? rotary = test.Embedding == Embedding.Rotary ? RotaryTable(test.Heads * keyTokens * test.HeadSize) : null;
        Bounded[] expected = new ReferenceWindowAttention
        {
            Height = height,
            Width = width,
            Window = test.Window,
            Heads = test.Heads,
            HeadSize = test.HeadSize,
            Query = query,
            Key = key,
            Value = value,
            QueryShift = test.QueryShift,
            KeyShift = test.KeyShift,
            OverlappingWindow = test.Overlapping,
            MaskWrapped = test.MaskWrapped,
            Bias = bias,
            Rotary = rotary,
        }.Run();

        using var y = new GuardedTensor(device, height, width, channels, test.Y);
        using GuardedTensor? biasTensor = bias is null ? null : new GuardedTensor(device, test.Heads, queryTokens, keyTokens, values: bias);
        using GuardedTensor? rotaryTensor =
            rotary is null ? null : new GuardedTensor(device, test.Heads, keyTokens, test.HeadSize, values: rotary);
        var settings = new WindowAttentionSettings(test.Window, test.Heads)
        {
            QueryShift = test.QueryShift,
            KeyShift = test.KeyShift,
            OverlappingKeyWindowSize = test.Overlapping,
            MaskWrapped = test.MaskWrapped,
            Bias = biasTensor?.Tensor,
            Rotary = rotaryTensor?.Tensor,
        };
        if (test.Fused)
        {
            float[] interleaved = Interleave(height * width, channels, query, key, value);
            using var fused = new GuardedTensor(device, height, width, 3 * channels, values: interleaved);
            WindowAttention.Run(
                fused.Tensor.SliceChannels(0, channels),
                fused.Tensor.SliceChannels(channels, channels),
                fused.Tensor.SliceChannels(2 * channels, channels),
                y.Tensor,
                settings);
        }
        else
        {
            using var queries = new GuardedTensor(device, height, width, channels, test.X, query);
            using var keys = new GuardedTensor(device, height, width, channels, Layout.Dense, key);
            using var values = new GuardedTensor(device, height, width, channels, test.X, value);
            WindowAttention.Run(queries.Tensor, keys.Tensor, values.Tensor, y.Tensor, settings);
        }

        Expect.Near(expected, y.Read(), channels);
    }

    // Cosine and sine of angles of a few turns.
    private static float[] RotaryTable(int count)
    {
        float[] table = Numbers.Of("angles", count, 10);
        for (int i = 0; i < count; i += 2)
            (table[i], table[i + 1]) = (MathF.Cos(table[i]), MathF.Sin(table[i]));
        return table;
    }

    private static float[] Interleave(int pixels, int channels, params float[][] tensors)
    {
        var values = new float[pixels * channels * tensors.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int pixel = i / (channels * tensors.Length);
            values[i] = tensors[i / channels % tensors.Length][(pixel * channels) + (i % channels)];
        }

        return values;
    }

    private sealed record Case(int Window, int Rows, int Columns, int Heads, int HeadSize)
    {
        public float Amplitude { get; init; } = 2;

        public Embedding Embedding { get; init; }

        public int QueryShift { get; init; }

        public int KeyShift { get; init; }

        public int Overlapping { get; init; }

        public bool MaskWrapped { get; init; }

        public bool Fused { get; init; }

        public Layout X { get; init; }

        public Layout Y { get; init; }
    }
}
