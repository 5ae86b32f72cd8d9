using System.Runtime.InteropServices;
using System.Text.Json;
using Gsasr.Checkpoints;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class SeededCheckpointTests
{
    [Fact]
    public void Numbers_are_those_of_the_reference()
    {
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllBytes(TestData.GoldenFile("prng.json")));
        string key = reference.RootElement.GetProperty("key").GetString()!;
        ulong hash = SeededNumbers.Hash(key);
        Assert.Equal(reference.RootElement.GetProperty("fnv1a64").GetString(), $"{hash}");
        float[] expected = [.. reference.RootElement.GetProperty("u").EnumerateArray().Select(value => value.GetSingle())];
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(index => SeededNumbers.Uniform(hash, index)));

        // The same numbers through the checkpoint: base 0, amplitude 0.2.
        using var checkpoint = SeededCheckpoint.Open("edsr");
        var weights = new float[64 * 27];
        checkpoint.Read("encoder.conv_first.weight", weights);
        Assert.Equal(expected.Select(u => 0.2f * u), weights.Take(expected.Length));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_model_opens_and_reads_the_same_values_each_time(string model)
    {
        using var checkpoint = SeededCheckpoint.Open(model);
        TensorInfo tensor = checkpoint.Tensors["decoder.UPNet.0.weight"];
        var all = new float[tensor.Count];
        checkpoint.Read(tensor.Name, all);
        var bytes = new byte[tensor.ByteCount];
        checkpoint.ReadBytes(tensor.Name, bytes);
        Assert.Equal(all, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
        Assert.True(all.Distinct().Count() > 1000, "Seeded weights differ from each other.");
    }

    [Fact]
    public void Paper_models_have_the_index_tables()
    {
        using var checkpoint = SeededCheckpoint.Open("edsr-paper");
        using var buffers = SafetensorsCheckpoint.Open(TestData.GoldenFile("paper-buffers.safetensors"));
        var actual = new long[144 * 144];
        var expected = new long[144 * 144];
        checkpoint.Read("decoder.window_crossattn_blocks.0.blocks.1.window_cross_attn.relative_position_index", actual);
        buffers.Read("window_cross_attn.relative_position_index", expected);
        Assert.Equal(expected, actual);
        checkpoint.Read("decoder.gs_selfattn_blocks.5.blocks.5.gs_self_attn.relative_position_index", actual);
        Assert.NotEqual(expected, actual);
        buffers.Read("gs_self_attn.relative_position_index", expected);
        Assert.Equal(expected, actual);
    }

    public static TheoryData<string> Models() => [.. SeededCheckpoint.ModelNames];
}
