using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Gsasr.Tensors;

namespace Gsasr.Devices.Tests;

public sealed class PtxTests
{
    public static TheoryData<string> Assemblies => ["Gsasr.Layers", "Gsasr.Raster", "Gsasr.Devices.Tests"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Every_module_has_ptx_that_can_be_loaded(string name)
    {
        var assembly = Assembly.Load(name);
        if (!assembly.GetManifestResourceNames().Contains("kernels.json"))
            Assert.Skip($"{name} has no kernels.");
        var library = new KernelLibrary(assembly);
        Assert.NotEmpty(library.Modules);
        foreach (KernelModule module in library.Modules)
        {
            byte[] bytes = module.ReadPtx() ?? throw new InvalidOperationException($"{name} embeds no Ptx/{module.Name}.ptx.");
            Assert.All(bytes, value => Assert.InRange(value, 1, 127));
            string ptx = Encoding.ASCII.GetString(bytes);
            Assert.DoesNotContain(".extern .func", ptx, StringComparison.Ordinal);
            Assert.Contains($".target {module.Target ?? NvidiaTarget.Default}\n", ptx, StringComparison.Ordinal);
            Assert.Equal(module.Kernels.Count, Regex.Count(ptx, @"\.entry "));
            foreach (KernelId kernel in module.Kernels)
            {
                WorkSize size = kernel.GroupSize;
                string pattern = $@"\.entry {kernel.Name}\([^)]*\)\s*\.reqntid {size.X}, {size.Y}, {size.Z}\s";
                Assert.True(Regex.IsMatch(ptx, pattern), $"{kernel} has no .reqntid {size}.");
            }

            // The source is there for the drivers' compilers too.
            Assert.NotEqual("", module.ReadSource());
        }
    }

    [Fact]
    public void Sixteen_bytes_at_a_time_are_read_and_written_as_such()
    {
        string ptx = Encoding.ASCII.GetString(SampleKernels.MatrixProduct.Module.ReadPtx()!);
        Assert.Equal(2, Regex.Count(ptx, @"ld\.global\.nc\.v4\.f32"));
        Assert.Equal(4, Regex.Count(ptx, @"st\.global\.v4\.f32"));
        Assert.Equal(32, Regex.Count(ptx, @"ld\.shared\.v4\.f32"));
        Assert.Equal(256, Regex.Count(ptx, @"fma\.rn\.f32"));
    }
}
