using System.Diagnostics;
using System.Text;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>How much memory the processor may take.</summary>
public sealed class CpuMemoryTests
{
    [Fact]
    public void Free_memory_is_a_part_of_all_memory()
    {
        using var device = new CpuDevice(1);
        Assert.InRange(device.AvailableMemoryBytes, 1, device.MemoryBytes / 2);
        using var limited = new CpuDevice(1, 1 << 20);
        Assert.Equal((1 << 20, 1 << 20), (limited.MemoryBytes, limited.AvailableMemoryBytes));
    }

    [Fact]
    public async Task Free_memory_is_a_part_of_what_a_container_or_the_runtime_allows()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string program = Path.Combine(
            AppContext.BaseDirectory, typeof(CpuMemoryTests).Assembly.GetName().Name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x10000000";
        start.Environment[LayerDevices.ProcessorOnly] = "1";
        foreach (string argument in (string[])["-method", $"{typeof(CpuMemoryTests).FullName}.{nameof(Free_memory_is_a_part_of_all_memory)}", "-noColor"])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string text = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, text);
        Assert.Contains("Total: 1,", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7320 2104 1500 9 0 800 0\n", 7320, 2104)]
    [InlineData("7320", 7320, 0)]
    [InlineData("none", 0, 0)]
    [InlineData("", 0, 0)]
    public void Memory_of_the_process_is_read(string text, long total, long resident) =>
        Assert.Equal((total, resident), ProcessMemory.Parse(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void The_process_takes_the_memory_that_it_wrote_to()
    {
        using var device = new CpuDevice(1);
        long before = ProcessMemory.ResidentBytes();
        using var buffer = (CpuBuffer)device.Allocate(256 << 20);
        unsafe
        {
            new Span<byte>(buffer.Memory, 256 << 20).Fill(1);
        }

        Assert.InRange(ProcessMemory.ResidentBytes() - before, 128 << 20, long.MaxValue);
        Assert.InRange(ProcessMemory.AddressBytes(), OperatingSystem.IsLinux() ? ProcessMemory.ResidentBytes() : 0, long.MaxValue);
    }

    [Theory]
    [InlineData("MemTotal:       24683620 kB\nMemFree:        21456636 kB\nMemAvailable:   23313000 kB\n", 23313000L << 10)]
    [InlineData("MemAvailable:          1 kB", 1L << 10)]
    [InlineData("MemTotal:       24683620 kB\nMemFree:        21456636 kB\n", null)]
    [InlineData("MemAvailable:   23313000 pages", null)]
    [InlineData("MemAvailable:   many kB", null)]
    [InlineData("", null)]
    public void Free_memory_is_what_the_system_says_is_available(string text, long? bytes) =>
        Assert.Equal(bytes, CpuDevice.ParseFreeMemory(Encoding.ASCII.GetBytes(text)));
}
