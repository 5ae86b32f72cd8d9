using Gsasr.Architecture;
using Gsasr.Encoders;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class ArchitectureTests
{
    public static TheoryData<string> Models() => [.. SeededCheckpoint.ModelNames];

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_published_model_is_recognised_by_name(string model)
    {
        using var checkpoint = SeededCheckpoint.OpenWithAllBuffers(model);
        GsasrArchitecture architecture = GsasrArchitecture.Recognise(checkpoint);
        Assert.Equal(model, architecture.Name);
        Assert.Equal(GsasrArchitecture.Published[model], architecture);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Expected_tensors_are_exactly_those_of_the_published_files(string model)
    {
        using var checkpoint = SeededCheckpoint.OpenWithAllBuffers(model);
        IReadOnlyList<ExpectedTensor> expected = GsasrArchitecture.Published[model].ExpectedTensors();
        Assert.Equal(
            checkpoint.Tensors.Keys.Order(StringComparer.Ordinal),
            expected.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (ExpectedTensor tensor in expected)
        {
            TensorInfo actual = checkpoint.Tensors[tensor.Name];
            int[] shape = [.. tensor.Shape.Select((extent, axis) => extent < 0 ? actual.Shape[axis] : extent)];
            Assert.True(actual.HasShape(shape), $"{tensor.Name}: {actual.ShapeText} in the file");
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Redundant_buffers_may_be_absent(string model)
    {
        using var checkpoint = SeededCheckpoint.OpenWithAllBuffers(model);
        using var bare = new MemoryCheckpoint(checkpoint);
        GsasrArchitecture architecture = GsasrArchitecture.Published[model];
        foreach (ExpectedTensor tensor in architecture.ExpectedTensors().Where(tensor => !tensor.IsRequired))
            bare.Remove(tensor.Name);
        Assert.Equal(architecture, GsasrArchitecture.Recognise(bare));
    }

    [Theory]
    [InlineData("edsr-paper", 12)]
    [InlineData("rdn-paper", 12)]
    [InlineData("swin-paper", 24)]
    [InlineData("edsr", 12)]
    [InlineData("rdn", 12)]
    [InlineData("swin", 16)]
    [InlineData("hatl", 16)]
    [InlineData("gsasr-lite", 12)]
    public void Images_are_padded_to_what_both_windows_share(string model, int multiple) =>
        Assert.Equal(multiple, GsasrArchitecture.Published[model].SizeMultiple);

    [Theory]
    [InlineData("edsr", 1_220_416, 24_376_713)]
    [InlineData("rdn", 21_973_952, 25_675_977)]
    [InlineData("swin", 11_603_044, 27_504_585)]
    [InlineData("hatl", 45_522_352, 38_058_441)]
    [InlineData("gsasr-lite", 1_220_416, 1_683_721)]
    public void Parameters_are_counted_without_buffers(string model, long encoder, long decoder)
    {
        GsasrArchitecture architecture = GsasrArchitecture.Published[model];
        Assert.Equal(encoder, architecture.EncoderParameterCount);
        Assert.Equal(decoder, architecture.DecoderParameterCount);
    }

    [Fact]
    public void Sizes_are_read_and_not_assumed()
    {
        var architecture = new GsasrArchitecture(
            new RdnArchitecture(Features: 24, Blocks: 3, Layers: 5, Growth: 7),
            new DecoderArchitecture(
                DecoderKind.Enhanced, InputFeatures: 24, Channels: 40, Heads: 5, WindowSize: 10,
                CrossBlocks: 3, CrossLayers: 1, SelfBlocks: 2, SelfLayers: 3));
        AssertRecognised(architecture, multiple: 10);
        Assert.Equal("custom-rdn", architecture.Name);

        architecture = new GsasrArchitecture(
            new SwinIrArchitecture(Features: 12, Channels: 30, Groups: 2, Layers: 4, Heads: 3, WindowSize: 6, MlpChannels: 77),
            new DecoderArchitecture(
                DecoderKind.Paper, InputFeatures: 12, Channels: 20, Heads: 4, WindowSize: 8,
                CrossBlocks: 1, CrossLayers: 3, SelfBlocks: 4, SelfLayers: 1));
        AssertRecognised(architecture, multiple: 24);
    }

    [Fact]
    public void A_missing_tensor_is_named()
    {
        string message = Refusal("hatl", model => model
            .Remove("encoder.layers.3.residual_group.blocks.2.conv_block.cab.2.bias")
            .Remove("decoder.gs_selfattn_blocks.7.blocks.5.mlp_selfattn.fc2.weight"));
        Assert.Contains("hatl encoder, enhanced decoder", message, StringComparison.Ordinal);
        Assert.Contains("2 tensors are missing", message, StringComparison.Ordinal);
        Assert.Contains("encoder.layers.3.residual_group.blocks.2.conv_block.cab.2.bias", message, StringComparison.Ordinal);
        Assert.Contains("decoder.gs_selfattn_blocks.7.blocks.5.mlp_selfattn.fc2.weight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_missing_tensors_the_first_three_are_named_and_all_are_counted()
    {
        string message = Refusal("edsr", model =>
        {
            string[] names = [.. model.Tensors.Keys.Where(name => name.StartsWith("encoder.body.7.", StringComparison.Ordinal))];
            foreach (string name in names)
                model.Remove(name);
            return model;
        });
        Assert.Contains("4 tensors are missing: 'encoder.body.7.conv1.weight'", message, StringComparison.Ordinal);
        Assert.Contains("and 1 more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_index_table_of_the_paper_decoder_is_required()
    {
        const string Table = "decoder.window_crossattn_blocks.0.blocks.1.window_cross_attn.relative_position_index";
        Assert.Contains(Table, Refusal("edsr-paper", model => model.Remove(Table)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_shape_is_named_with_both_shapes()
    {
        string message = Refusal("swin", model => model.SetZeros("encoder.layers.2.conv.weight", 180, 180, 1, 1));
        const string Difference = "'encoder.layers.2.conv.weight' is [180, 180, 1, 1] instead of [180, 180, 3, 3]";
        Assert.Contains(Difference, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_in_place_of_weights_are_refused()
    {
        string message = Refusal("edsr", model => model.Set("encoder.conv_first.bias", ElementType.Int32, [64], new int[64]));
        Assert.Contains("'encoder.conv_first.bias' holds Int32 values", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_tensor_is_named()
    {
        string message = Refusal("rdn", model => model.SetZeros("decoder.extra.weight", 3));
        Assert.Contains("1 tensor is unknown: 'decoder.extra.weight'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_different_models_are_refused()
    {
        string message = Refusal("edsr", model => model.SetZeros("decoder.img_feat_proj.0.weight", 192, 32, 3, 3));
        Assert.Contains("makes 64 features and the decoder takes 32", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Something_else_is_said_to_be_no_model()
    {
        using var other = new MemoryCheckpoint();
        other.SetZeros("conv1.weight", 64, 3, 7, 7).SetZeros("fc.bias", 1000);
        var error = Assert.Throws<CheckpointFormatException>(() => GsasrArchitecture.Recognise(other));
        Assert.Contains("is no GSASR model", error.Message, StringComparison.Ordinal);
        Assert.Contains("'conv1.weight'", error.Message, StringComparison.Ordinal);
        using var empty = new MemoryCheckpoint();
        error = Assert.Throws<CheckpointFormatException>(() => GsasrArchitecture.Recognise(empty));
        Assert.Contains("no tensors at all", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("encoder.body.1000000000.conv1.weight")]
    [InlineData("decoder.gs_selfattn_blocks.2147483647.norm.weight")]
    public void Absurd_block_numbers_cost_nothing(string name)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Refusal("edsr", model => model.SetZeros(name, 1));
        Assert.Contains("no GSASR has more than 64", message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_000_000);
    }

    [Theory]
    [InlineData("decoder.gs_embedding", new[] { 145, 192 }, "no square")]
    [InlineData("decoder.gs_embedding", new[] { 144 }, "has the shape [144]")]
    [InlineData("decoder.gs_selfattn_blocks.0.blocks.0.gs_self_attn.rope_freqs", new[] { 2, 5, 16 }, "do not share 192 channels")]
    [InlineData("encoder.conv_first.weight", new[] { 70_000, 3, 1, 1 }, "which no GSASR has")]
    public void Sizes_that_make_no_network_are_refused(string name, int[] shape, string reason) =>
        Assert.Contains(reason, Refusal("edsr", model => model.SetZeros(name, shape)), StringComparison.Ordinal);

    private static string Refusal(string model, Func<MemoryCheckpoint, MemoryCheckpoint> change)
    {
        using var seeded = SeededCheckpoint.Open(model);
        using var changed = new MemoryCheckpoint(seeded);
        change(changed);
        return Assert.Throws<CheckpointFormatException>(() => GsasrArchitecture.Recognise(changed)).Message;
    }

    private static void AssertRecognised(GsasrArchitecture architecture, int multiple)
    {
        using var model = new MemoryCheckpoint();
        foreach (ExpectedTensor tensor in architecture.ExpectedTensors().Where(tensor => tensor.IsRequired))
        {
            if (tensor.Role == TensorRole.IndexTable)
                model.Set(tensor.Name, ElementType.Int64, [.. tensor.Shape], new long[tensor.Shape[0] * tensor.Shape[1]]);
            else
                model.SetZeros(tensor.Name, [.. tensor.Shape]);
        }

        Assert.Equal(architecture, GsasrArchitecture.Recognise(model));
        Assert.Equal(multiple, architecture.SizeMultiple);
    }
}
