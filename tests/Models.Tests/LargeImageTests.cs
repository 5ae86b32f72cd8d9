using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Images that are too large for an ordinary run of the tests; "-explicit only" runs them.</summary>
public sealed class LargeImageTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public void Twelve_megapixels_become_192_within_a_gibibyte()
    {
        const int Width = 4000;
        const int Height = 3000;
        const int Scale = 4;
        const long Gibibyte = 1 << 30;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of a process's memory is read from Linux.");
        using var device = new CpuDevice();
        using var upscaler = new Upscaler(SmallModels.Open(SmallModels.Edsr), device);
        byte[] pixels = Picture.Photo(0, 0, 144, 144).Repeated(Width, Height).Pixels;
        long before = ResidentBytes("VmRSS:");
        upscaler.MemoryLimitBytes = Gibibyte - before;
        long start = Stopwatch.GetTimestamp();
        var hash = new XxHash64();
        int next = 0;
        upscaler.Upscale<byte>(
            new(pixels, Width, Height, PixelLayout.Rgb),
            Scale * Width,
            Scale * Height,
            PixelLayout.Rgb,
            (top, rows) =>
            {
                Assert.Equal(next, top);
                next += rows.Height;
                for (int y = 0; y < rows.Height; y++)
                    hash.Append(rows.Row(y));
            },
            cancellation: TestContext.Current.CancellationToken);
        long peak = ResidentBytes("VmHWM:");
        output.WriteLine(
            $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s; {before >> 20} MiB before, at most {peak >> 20} MiB; planned {upscaler.LastPlan!.TotalBytes >> 20} MiB, "
            + $"{upscaler.LastPlan.TileCount} tiles of {upscaler.LastPlan.Tiles.Width} x {upscaler.LastPlan.Tiles.Height} in {upscaler.LastPlan.Strips.Count} strips; {hash.GetCurrentHashAsUInt64():x16}");
        Assert.Equal(Scale * Height, next);
        Assert.InRange(peak, 1, Gibibyte);
    }

    private static long ResidentBytes(string name)
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..^2].Trim(), CultureInfo.InvariantCulture) << 10;
    }
}
