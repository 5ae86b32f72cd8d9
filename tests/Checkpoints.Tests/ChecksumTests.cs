using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

/// <summary>The checksums that PyTorch writes for the entries of its archives.</summary>
public class ChecksumTests
{
    public static TheoryData<string> Archives() =>
        [.. Directory.EnumerateFiles(Path.Combine(TestData.Folder, "checkpoints"), "ok_zip_*.pth").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Archives))]
    public void A_changed_bit_anywhere_in_what_is_read_is_noticed(string file)
    {
        byte[] original = File.ReadAllBytes(TestData.CheckpointFile(file));
        int noticed = 0;
        foreach (ZipEntries.Entry entry in ZipEntries.Find(original))
        {
            if (entry.DataLength == 0 || entry.Name.EndsWith("/version", StringComparison.Ordinal) || IsOfParams(entry.Name))
                continue;
            foreach (int at in (int[])[0, entry.DataLength / 2, entry.DataLength - 1])
            {
                byte[] damaged = [.. original];
                damaged[entry.DataStart + at] ^= 0x10;
                var error = Assert.Throws<CheckpointFormatException>(() => ReadAll(damaged));
                Assert.Contains($"its entry '{entry.Name}' has the checksum", error.Message, StringComparison.Ordinal);
                noticed++;
            }
        }

        Assert.True(noticed >= 6);
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void A_file_that_was_saved_without_checksums_is_read_all_the_same(string file)
    {
        byte[] original = File.ReadAllBytes(TestData.CheckpointFile(file));
        byte[] bare = ZipEntries.WithoutChecksums(original);
        Assert.NotEqual(original, bare);
        Assert.Equal(ReadAll(original), ReadAll(bare));
    }

    [Fact]
    public void A_damaged_tensor_is_refused_at_every_reading_and_does_not_hide_the_others()
    {
        byte[] file = File.ReadAllBytes(TestData.CheckpointFile("ok_zip_params_ema.pth"));
        ZipEntries.Entry entry = ZipEntries.Find(file).Single(entry => entry.Name.EndsWith("/data/1", StringComparison.Ordinal));
        file[entry.DataStart] ^= 1;
        using var checkpoint = PyTorchCheckpoint.Open(new MemoryStream(file), "file");
        int refused = 0;
        for (int round = 0; round < 2; round++)
        {
            foreach (TensorInfo tensor in checkpoint.Tensors.Values)
            {
                try
                {
                    checkpoint.ReadBytes(tensor.Name, new byte[tensor.ByteCount]);
                }
                catch (CheckpointFormatException)
                {
                    refused++;
                }
            }
        }

        Assert.Equal((2, 3), (refused, checkpoint.Tensors.Count));
    }

    // In this file they are the tensors of "params", which are not read beside those of "params_ema".
    private static bool IsOfParams(string entry) =>
        entry is "ok_zip_params_and_ema/data/0" or "ok_zip_params_and_ema/data/1" or "ok_zip_params_and_ema/data/2";

    // Strided views and parts of storages are among the files, which are read another way than whole storages.
    private static byte[][] ReadAll(byte[] file)
    {
        using var checkpoint = PyTorchCheckpoint.Open(new MemoryStream(file), "file");
        return
        [
            .. checkpoint.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor =>
            {
                var bytes = new byte[tensor.ByteCount];
                checkpoint.ReadBytes(tensor.Name, bytes);
                return bytes;
            }),
        ];
    }
}
