using Gsasr.Tensors;
using Gsasr.Tensors.OpenCl;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

// Sets GSASR_CACHE, which holds for the whole process.
[CollectionDefinition(nameof(ProgramCacheTests), DisableParallelization = true)]
[Collection(nameof(ProgramCacheTests))]
public sealed class ProgramCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gsasr-cache-").FullName;
    private readonly string? _earlier = Environment.GetEnvironmentVariable("GSASR_CACHE");

    public ProgramCacheTests()
    {
        TestDevices.Get("opencl");
        Environment.SetEnvironmentVariable("GSASR_CACHE", _folder);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("GSASR_CACHE", _earlier);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_program_is_kept_and_used_again()
    {
        Assert.Equal(64, RunSum());
        string file = Assert.Single(CacheFiles());
        DateTime written = File.GetLastWriteTimeUtc(file);
        byte[] content = File.ReadAllBytes(file);

        Assert.Equal(64, RunSum());
        Assert.Equal(file, Assert.Single(CacheFiles()));
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        Assert.Equal(content, File.ReadAllBytes(file));
    }

    [Fact]
    public void Who_waits_for_the_compiler_is_told_so_once_and_only_then()
    {
        Assert.Equal(1, CountCompilations());
        Assert.Equal(0, CountCompilations());
        File.Delete(Assert.Single(CacheFiles()));
        Assert.Equal(1, CountCompilations());

        static int CountCompilations()
        {
            using var device = (GpuDevice)DeviceCatalog.Open("opencl");
            int count = 0;
            device.Compiling += (_, _) => count++;
            RunSum(device);
            RunSum(device);
            return count;
        }
    }

    [Fact]
    public void Who_is_told_of_the_compiler_may_wait_for_a_thread_that_uses_the_device()
    {
        using var device = (GpuDevice)DeviceCatalog.Open("opencl");
        bool wentOn = false;
        device.Compiling += (_, _) =>
        {
            var other = new Thread(() =>
            {
                RunSum(device);
                wentOn = true;
            });
            other.Start();
            Assert.True(other.Join(TimeSpan.FromSeconds(30)), "The other thread waits for the one that compiles.");
        };
        RunSum(device);
        Assert.True(wentOn);
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("truncated")]
    [InlineData("flipped")]
    [InlineData("garbage with a right checksum")]
    public void A_damaged_file_is_replaced(string damage)
    {
        Assert.Equal(64, RunSum());
        string file = Assert.Single(CacheFiles());
        byte[] good = File.ReadAllBytes(file);
        byte[] garbage = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(file, damage switch
        {
            "empty" => [],
            "truncated" => good[..(good.Length / 2)],
            "flipped" => [.. good.Select((value, i) => i == good.Length / 2 ? (byte)~value : value)],
            _ => [.. System.Security.Cryptography.SHA256.HashData(garbage), .. garbage],
        });

        Assert.Equal(64, RunSum());
        byte[] replaced = File.ReadAllBytes(Assert.Single(CacheFiles()));
        Assert.True(replaced.Length > 32);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(replaced.AsSpan(32)), replaced[..32]);
        Assert.NotEqual(garbage, replaced[32..]);
    }

    [Fact]
    public void Without_a_writable_folder_kernels_run_all_the_same()
    {
        // A file where the folder should be.
        File.WriteAllText(Path.Combine(_folder, "opencl"), "");
        Assert.Equal(64, RunSum());
        Assert.Equal("", File.ReadAllText(Path.Combine(_folder, "opencl")));
    }

    [Fact]
    public void What_was_not_used_for_the_longest_time_makes_room()
    {
        const int Size = 100;
        var cache = new OpenClProgramCache(_folder, 4 * (Size + 32));
        byte[] binary = new byte[Size];
        for (int i = 0; i < 4; i++)
        {
            cache.TryWrite($"program {i}", binary);
            File.SetLastAccessTimeUtc(Path.Combine(_folder, $"program {i}.bin"), DateTime.UtcNow.AddDays(i - 10));
        }

        Assert.Equal(binary, cache.TryRead("program 0"));
        cache.TryWrite("program 4", binary);
        Assert.Equal(["program 0.bin", "program 2.bin", "program 3.bin", "program 4.bin"], Names());
        Assert.Null(cache.TryRead("program 1"));

        // Two at once have to go for a larger one; what is larger than all the room is not kept.
        cache.TryWrite("program 5", new byte[2 * Size]);
        Assert.Equal(["program 0.bin", "program 4.bin", "program 5.bin"], Names());
        cache.TryWrite("program 6", new byte[5 * Size]);
        Assert.Equal(["program 0.bin", "program 4.bin", "program 5.bin"], Names());
    }

    [Fact]
    public void What_a_killed_program_left_is_deleted_in_time()
    {
        var cache = new OpenClProgramCache(_folder, 1000);
        string old = Path.Combine(_folder, "old.tmp");
        string young = Path.Combine(_folder, "young.tmp");
        File.WriteAllText(old, "half");
        File.WriteAllText(young, "half");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        cache.TryWrite("program", [1]);
        Assert.Equal(["program.bin", "young.tmp"], Names());
    }

    [Fact]
    public void Several_may_read_and_write_at_once()
    {
        const int Size = 10_000;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, writer =>
        {
            // As separate processes have them: a cache each, and hardly room for three programs.
            var cache = new OpenClProgramCache(_folder, 3 * (Size + 32));
            for (int round = 0; round < 60; round++)
            {
                int program = (writer + round) % 5;
                byte[] binary = [.. Enumerable.Repeat((byte)program, Size)];
                cache.TryWrite($"program {program}", binary);
                byte[]? read = cache.TryRead($"program {program}");
                Assert.True(read is null || read.AsSpan().SequenceEqual(binary));
            }
        });
        Assert.All(Names(), name => Assert.EndsWith(".bin", name, StringComparison.Ordinal));
        Assert.InRange(Names().Length, 1, 3);
    }

    private string[] Names() => [.. Directory.GetFiles(_folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private string[] CacheFiles() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);

    private static int RunSum()
    {
        using var gpu = (GpuDevice)DeviceCatalog.Open("opencl");
        return RunSum(gpu);
    }

    private static int RunSum(GpuDevice gpu)
    {
        using DeviceBuffer values = gpu.Allocate(64 * sizeof(int));
        using DeviceBuffer sum = gpu.Allocate(sizeof(int));
        int[] ones = [.. Enumerable.Repeat(1, 64)];
        values.Upload<int>(ones, 0);
        gpu.Launch(SampleKernels.SumGroups.Kernel, new WorkSize(1), new()
        {
            Values = new BufferView<int>(values),
            Count = 64,
            Sums = new BufferView<int>(sum),
        });
        var result = new int[1];
        sum.Download<int>(result, 0);
        return result[0];
    }
}
