using Gsasr.Bench;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Some seconds of what <c>gsasr-bench soak</c> does for hours.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    [Fact]
    public void Threads_that_share_a_device_draw_what_one_draws_alone_whatever_goes_wrong_meanwhile()
    {
        using var device = new CpuDevice(2, 128 << 20);
        var soak = new Soak(SmallModels.Open(SmallModels.Edsr), device, () => new CpuDevice(1));
        using var lines = new StringWriter();
        string? fault = soak.Run(TimeSpan.FromSeconds(4), round: TimeSpan.FromSeconds(2), threads: 3, lines);
        output.WriteLine(lines.ToString());
        Assert.Null(fault);
        Assert.InRange(soak.Results.Finished, 1, long.MaxValue);
        Assert.InRange(soak.Results.References, 1, int.MaxValue);
    }

    [Fact]
    public void Memory_that_grows_from_the_second_quarter_to_the_last_is_a_fault()
    {
        const int Rounds = 40;
        const long Most = 32 << 20;
        Assert.Null(Soak.Growth("memory", [.. Enumerable.Range(0, Rounds).Select(round => round < 8 ? 1L << 20 : 200L << 20)], Most));
        Assert.Null(Soak.Growth("memory", [.. Enumerable.Range(0, Rounds).Select(round => (200L << 20) + (round == 38 ? 100L << 20 : 0))], Most));
        Assert.Null(Soak.Growth("memory", [.. Enumerable.Range(0, Rounds).Select(round => (200L << 20) + (round << 20))], Most));
        Assert.NotNull(Soak.Growth("memory", [.. Enumerable.Range(0, Rounds).Select(round => (200L << 20) + (2L * round << 20))], Most));
    }
}
