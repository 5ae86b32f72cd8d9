using Gsasr.Architecture;
using Gsasr.Tensors;
using Gsasr.Testing;
using Gsasr.WeightsConverter;

namespace Gsasr.Checkpoints.Tests;

public class WeightsConverterTests
{
    private static readonly string LiteFolder = TestData.ModelFile("gsasr-lite");

    [Fact]
    public void Converting_the_default_model_gives_the_file_in_the_repository_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        byte[] expected = File.ReadAllBytes(TestData.ModelFile("gsasr-lite.safetensors"));
        Assert.Equal((0, ""), Run(LiteFolder, folder.File("a.safetensors")));
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(folder.File("a.safetensors"))), "The files differ.");
        Assert.Equal(
            (0, ""),
            Run(Path.Combine(LiteFolder, "decoder.pth"), Path.Combine(LiteFolder, "encoder.pth"), folder.File("b.safetensors")));
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(folder.File("b.safetensors"))), "The files differ.");
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public void A_paper_model_keeps_its_index_tables_and_loses_nothing()
    {
        using var folder = new TemporaryFolder();
        using var seeded = SeededCheckpoint.OpenWithAllBuffers("edsr-paper");
        PyTorchWriter.WriteModel(folder.Path, seeded);
        Assert.Equal((0, ""), Run(folder.Path, folder.File("model.safetensors")));
        using var converted = ModelCheckpoint.Open(folder.File("model.safetensors"));
        Assert.Equal("edsr-paper", GsasrArchitecture.Recognise(converted).Name);
        Assert.Equal("edsr-paper", converted.Metadata[ModelConverter.ArchitectureKey]);
        foreach (ExpectedTensor tensor in GsasrArchitecture.Published["edsr-paper"].ExpectedTensors())
        {
            long count = seeded.Tensors[tensor.Name].Count;
            if (tensor.Role == TensorRole.Parameter)
                Assert.Equal(ReadFloats(seeded, tensor.Name, count), ReadFloats(converted, tensor.Name, count));
            else
                Assert.Equal(seeded.ReadIndices(tensor.Name, 529), converted.ReadIndices(tensor.Name, 529));
        }
    }

    [Fact]
    public void An_existing_file_is_replaced_only_on_demand()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("model.safetensors");
        File.WriteAllText(output, "precious");
        (int code, string error) = Run(LiteFolder, output);
        Assert.Equal(1, code);
        Assert.Contains("exists already; use --overwrite", error, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(output));
        Assert.Equal((0, ""), Run(LiteFolder, output, "--overwrite"));
        Assert.Equal(File.ReadAllBytes(TestData.ModelFile("gsasr-lite.safetensors")), File.ReadAllBytes(output));
    }

    [Fact]
    public void What_is_converted_again_stays_as_it_is()
    {
        using var folder = new TemporaryFolder();
        byte[] expected = File.ReadAllBytes(TestData.ModelFile("gsasr-lite.safetensors"));
        Assert.Equal((0, ""), Run(TestData.ModelFile("gsasr-lite.safetensors"), folder.File("again.safetensors")));
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(folder.File("again.safetensors"))), "The files differ.");
        Assert.Equal((0, ""), Run(folder.File("again.safetensors"), folder.File("again.safetensors"), "--overwrite"));
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(folder.File("again.safetensors"))), "The files differ.");
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        using var folder = new TemporaryFolder();
        string target = folder.File("missing/model.safetensors");
        (int code, string error) = Run(LiteFolder, target);
        Assert.Equal(1, code);
        Assert.Contains($"{target} cannot be written", error, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", error, StringComparison.Ordinal);

        Directory.CreateDirectory(folder.File("model.safetensors"));
        (code, error) = Run(LiteFolder, folder.File("model.safetensors"), "--overwrite");
        Assert.Equal(1, code);
        Assert.Contains("is a folder", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_usage_is_code_2_and_shows_the_usage()
    {
        string[][] mistakes = [[], ["a"], ["a", "b.pth"], ["a", "b", "c", "d.safetensors"], ["a", "b.safetensors", "--no"], ["", "b.safetensors"]];
        foreach (string[] arguments in mistakes)
        {
            (int code, string error) = Run(arguments);
            Assert.Equal(2, code);
            Assert.Contains("Usage: weights-converter INPUT... OUTPUT.safetensors", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("bad_os_system_zip.pth", "refused")]
    [InlineData("bad_text.pth", "Git LFS")]
    [InlineData("ok_zip_views.pth", "is no GSASR model")]
    [InlineData("absent.pth", "Could not find")]
    public void What_cannot_be_converted_is_code_1_and_leaves_nothing(string file, string reason)
    {
        using var folder = new TemporaryFolder();
        (int code, string error) = Run(TestData.CheckpointFile(file), folder.File("model.safetensors"));
        Assert.Equal(1, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Weights_that_are_no_numbers_are_refused_and_leave_nothing()
    {
        using var folder = new TemporaryFolder();
        using var seeded = SeededCheckpoint.Open("edsr");
        using var broken = new MemoryCheckpoint(seeded);
        var bias = new float[64];
        bias[7] = float.NaN;
        broken.Set<float>("encoder.conv_first.bias", ElementType.Float32, [64], bias);
        using var output = new TemporaryFolder();
        PyTorchWriter.WriteModel(folder.Path, broken);
        (int code, string error) = Run(folder.Path, output.File("model.safetensors"));
        Assert.Equal(1, code);
        Assert.Contains("'encoder.conv_first.bias' holds NaN", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
    }

    private static float[] ReadFloats(Checkpoint checkpoint, string name, long count)
    {
        var values = new float[count];
        checkpoint.Read(name, values);
        return values;
    }

    private static (int Code, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = Program.Run(arguments, output, error);
        return (code, error.ToString());
    }
}
