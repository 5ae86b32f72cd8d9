using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class PtxTests
{
    public static TheoryData<string> Assemblies => ["Gsasr.Layers", "Gsasr.Raster", "Gsasr.Devices.Tests"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Every_kernel_has_ptx_that_can_be_loaded(string name)
    {
        IReadOnlyList<Kernel> kernels = KernelsOf(name);
        Assert.NotEmpty(kernels);
        Assert.Distinct(kernels.Select(kernel => kernel.Name));
        foreach (Kernel kernel in kernels)
        {
            if (kernel.HasTuringPtx)
            {
                Assert.Equal(NvidiaTarget.Turing, kernel.Target);
                Check(kernel, kernel.ReadPtx(7, 5), NvidiaTarget.Turing);
            }

            Check(kernel, kernel.ReadPtx(9, 0), kernel.HasTuringPtx ? NvidiaTarget.Ampere : kernel.Target ?? NvidiaTarget.Turing);
        }

        static void Check(Kernel kernel, byte[] bytes, NvidiaTarget target)
        {
            Assert.All(bytes, value => Assert.InRange(value, 1, 127));
            string ptx = Encoding.ASCII.GetString(bytes);
            Assert.Contains($".target {target}\n", ptx, StringComparison.Ordinal);
            string entry = $@"\.entry {kernel.EntryPoint}\([^)]*\)\s*\.reqntid {kernel.GroupSize}, 1, 1\s";
            Assert.Single(Regex.Matches(ptx, @"\.entry "));
            Assert.True(Regex.IsMatch(ptx, entry), $"{kernel} has no entry point with .reqntid {kernel.GroupSize}.");
            Assert.Equal(kernel.GroupsPerProcessor > 0, ptx.Contains(".minnctapersm ", StringComparison.Ordinal));
            Assert.DoesNotContain(".func", ptx, StringComparison.Ordinal);
            Assert.DoesNotContain(".local ", ptx, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\bcall\b", ptx);
        }
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Every_kernel_for_all_devices_has_OpenCl_C(string name)
    {
        foreach (Kernel kernel in KernelsOf(name).Where(kernel => kernel.Target is null))
        {
            string text = Encoding.ASCII.GetString(kernel.ReadOpenCl());
            Assert.Contains($"reqd_work_group_size({kernel.GroupSize}, 1, 1)", text, StringComparison.Ordinal);
            Assert.Contains($"kernel void {kernel.EntryPoint}(", text, StringComparison.Ordinal);
        }

        Assert.All(
            KernelsOf(name).Where(kernel => kernel.Target is not null), kernel => Assert.Throws<InvalidDataException>(kernel.ReadOpenCl));
    }

    [Fact]
    public void Sixteen_bytes_at_a_time_are_read_and_written_as_such()
    {
        string ptx = Encoding.ASCII.GetString(MatrixKernels.MatrixProduct.Kernel.ReadPtx(9, 0));
        Assert.Equal(2, Regex.Count(ptx, @"ld\.global\.v4\.f32"));
        Assert.Equal(4, Regex.Count(ptx, @"st\.global\.v4\.f32"));
        Assert.Equal(32, Regex.Count(ptx, @"ld\.shared\.v4\.f32"));
        Assert.Equal(256, Regex.Count(ptx, @"fma\.rn\.f32"));
    }

    [Fact]
    public void Shared_memory_is_counted()
    {
        Assert.Equal(SampleShape.GroupSize * sizeof(int), SampleKernels.SumGroups.Kernel.SharedBytes);
        Assert.Equal(2 * 16 * SampleShape.MatrixTile * sizeof(float), MatrixKernels.MatrixProduct.Kernel.SharedBytes);
        Assert.Equal(0, SampleKernels.AddScaled.Kernel.SharedBytes);
        Assert.Equal(SampleShape.ReversedCount * sizeof(int), NvidiaKernels.Reverse.Kernel.DynamicSharedBytes);
    }

    // The kernel compiler gives every kernel a static property.
    private static IReadOnlyList<Kernel> KernelsOf(string assembly) =>
    [
        .. Assembly.Load(assembly).GetTypes()
            .SelectMany(type => type.GetProperties(BindingFlags.Static | BindingFlags.Public))
            .Where(property => typeof(Kernel).IsAssignableFrom(property.PropertyType))
            .Select(property => (Kernel)property.GetValue(null)!),
    ];
}
