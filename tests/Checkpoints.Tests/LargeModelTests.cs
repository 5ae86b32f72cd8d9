using Gsasr.Architecture;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class LargeModelTests
{
    [Fact]
    public void Opening_the_largest_model_reads_none_of_its_335_MB()
    {
        using var folder = new TemporaryFolder();
        using var seeded = SeededCheckpoint.OpenWithAllBuffers("hatl");
        PyTorchWriter.WriteModel(folder.Path, seeded);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var model = ModelCheckpoint.Open(folder.Path);
        Assert.Equal("hatl", GsasrArchitecture.Recognise(model).Name);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40_000_000);

        const string Name = "encoder.layers.11.residual_group.blocks.5.conv_block.cab.2.weight";
        var expected = new float[seeded.Tensors[Name].Count];
        var actual = new float[expected.Length];
        seeded.Read(Name, expected);
        before = GC.GetAllocatedBytesForCurrentThread();
        model.Read(Name, actual);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Equal(expected, actual);
    }
}
