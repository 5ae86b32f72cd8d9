using Gsasr.Architecture;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class ModelCheckpointTests
{
    private static readonly string LiteFolder = TestData.ModelFile("gsasr-lite");

    [Theory]
    [InlineData("")]
    [InlineData("encoder.pth")]
    [InlineData("decoder.pth")]
    public void A_folder_and_each_of_its_two_files_are_the_same_model(string file)
    {
        using var model = ModelCheckpoint.Open(Path.Combine(LiteFolder, file));
        Assert.Equal("gsasr-lite", GsasrArchitecture.Recognise(model).Name);
        Assert.Equal(Path.Combine(LiteFolder, "encoder.pth"), model.Files["encoder"]);
        Assert.Equal(Path.Combine(LiteFolder, "decoder.pth"), model.Files["decoder"]);
        AssertSameWeights(model, "decoder.gs_embedding", Path.Combine(LiteFolder, "decoder.pth"), "gs_embedding");
        AssertSameWeights(model, "encoder.conv_first.bias", Path.Combine(LiteFolder, "encoder.pth"), "conv_first.bias");
    }

    [Fact]
    public void Two_files_are_taken_in_either_order_whatever_they_are_called()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(LiteFolder, "encoder.pth"), folder.File("a"));
        File.Copy(Path.Combine(LiteFolder, "decoder.pth"), folder.File("b.bin"));
        using var model = ModelCheckpoint.Open(folder.File("b.bin"), folder.File("a"));
        Assert.Equal("gsasr-lite", GsasrArchitecture.Recognise(model).Name);
        Assert.Equal(folder.File("a"), model.Files["encoder"]);
        var error = Assert.Throws<CheckpointFormatException>(() => ModelCheckpoint.Open(folder.File("a"), folder.File("a")));
        Assert.Contains("are not the encoder and the decoder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_alone_is_told_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(LiteFolder, "encoder.pth"), folder.File("edsr_encoder.pth"));
        var error = Assert.Throws<CheckpointFormatException>(() => ModelCheckpoint.Open(folder.File("edsr_encoder.pth")));
        Assert.Contains("is only the encoder of a GSASR model, and its decoder does not lie", error.Message, StringComparison.Ordinal);
        File.Copy(Path.Combine(LiteFolder, "decoder.pth"), folder.File("edsr_decoder.pth"));
        using (ModelCheckpoint model = ModelCheckpoint.Open(folder.File("edsr_encoder.pth")))
            Assert.Equal("gsasr-lite", GsasrArchitecture.Recognise(model).Name);

        error = Assert.Throws<CheckpointFormatException>(() => ModelCheckpoint.Open(folder.Path));
        Assert.Contains("holds no encoder.pth", error.Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => ModelCheckpoint.Open(folder.File("none.pth")));
    }

    [Theory]
    [InlineData("conv_first.weight")]
    [InlineData("conv_first.weight", "body.0.rdb1.conv1.weight", "conv_last.weight")]
    [InlineData("conv_first.weight", "body.0.conv1.weight", "conv_last.weight")]
    public void Another_network_is_not_taken_for_an_encoder(params string[] names)
    {
        using var folder = new TemporaryFolder();
        using var other = new MemoryCheckpoint();
        foreach (string name in names)
            other.SetZeros(name, 64, 3, 3, 3);
        string path = folder.File("other.safetensors");
        SafetensorsWriter.Write(path, other, new Dictionary<string, string>(), overwrite: false);
        using var model = ModelCheckpoint.Open(path);
        var error = Assert.Throws<CheckpointFormatException>(() => GsasrArchitecture.Recognise(model));
        Assert.Contains("is no GSASR model", error.Message, StringComparison.Ordinal);
        Assert.Contains("'conv_first.weight'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_may_be_safetensors_files()
    {
        using var folder = new TemporaryFolder();
        foreach (string role in (string[])["encoder", "decoder"])
        {
            using var part = PyTorchCheckpoint.Open(Path.Combine(LiteFolder, $"{role}.pth"));
            SafetensorsWriter.Write(folder.File($"{role}.safetensors"), part, new Dictionary<string, string>(), overwrite: false);
        }

        using var model = ModelCheckpoint.Open(folder.Path);
        Assert.Equal("gsasr-lite", GsasrArchitecture.Recognise(model).Name);
        AssertSameWeights(model, "decoder.gs_embedding", Path.Combine(LiteFolder, "decoder.pth"), "gs_embedding");
    }

    [Fact]
    public void The_default_model_is_part_of_the_library()
    {
        using var model = ModelCheckpoint.OpenDefault();
        Assert.Equal("gsasr-lite", GsasrArchitecture.Recognise(model).Name);
        Assert.Equal("gsasr-lite", model.Metadata["architecture"]);
        AssertSameWeights(
            model,
            "decoder.gs_selfattn_blocks.3.blocks.3.mlp_selfattn.fc2.weight",
            Path.Combine(LiteFolder, "decoder.pth"),
            "gs_selfattn_blocks.3.blocks.3.mlp_selfattn.fc2.weight");
    }

    [Fact]
    public void Disposing_closes_both_files()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in (string[])["encoder.pth", "decoder.pth"])
            File.Copy(Path.Combine(LiteFolder, file), folder.File(file));
        ModelCheckpoint.Open(folder.Path).Dispose();
        foreach (string file in (string[])["encoder.pth", "decoder.pth"])
        {
            using FileStream exclusive = new(folder.File(file), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            Assert.True(exclusive.Length > 0);
        }
    }

    private static void AssertSameWeights(Checkpoint model, string name, string file, string nameInFile)
    {
        using var checkpoint = PyTorchCheckpoint.Open(file);
        var expected = new float[checkpoint.Tensors[nameInFile].Count];
        var actual = new float[expected.Length];
        checkpoint.Read(nameInFile, expected);
        model.Read(name, actual);
        Assert.Equal(expected, actual);
        Assert.Contains(expected, value => value != 0);
    }
}
