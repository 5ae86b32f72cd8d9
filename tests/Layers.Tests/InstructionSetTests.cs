using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>Runs the tests of arithmetic again in processes whose runtime is told not to use some instructions.</summary>
public sealed class InstructionSetTests(ITestOutputHelper output)
{
    [Fact]
    public Task Everything_is_right_with_vectors_of_eight_floats() => RunAgain("DOTNET_EnableAVX512", 8);

    [Fact]
    public Task Everything_is_right_with_vectors_of_four_floats() => RunAgain("DOTNET_EnableAVX2", 4);

    [Fact]
    public Task Everything_is_right_without_vectors() => RunAgain("DOTNET_EnableHWIntrinsic", 1);

    private async Task RunAgain(string runtimeSwitch, int vectorFloats)
    {
        if (SimdWidth.Floats < vectorFloats)
            Assert.Skip($"This processor has {SimdWidth.Description}.");
        if (SimdWidth.Floats == vectorFloats)
            Assert.Skip("That is what the other tests do on this processor.");
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string results = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.xml");
        string program = Path.Combine(
            AppContext.BaseDirectory, typeof(InstructionSetTests).Assembly.GetName().Name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[runtimeSwitch] = "0";
        start.Environment[LayerDevices.ProcessorOnly] = "1";
        foreach (string argument in (string[])["-trait", $"{Traits.EveryVectorWidth}={Traits.Yes}", "-noColor", "-xml", results])
            start.ArgumentList.Add(argument);
        if (vectorFloats == 1)
        {
            start.ArgumentList.Add("-trait-");
            start.ArgumentList.Add($"{Traits.Large}={Traits.Yes}");
        }

        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
            string text = await process.StandardOutput.ReadToEndAsync(cancellation) + await errors;
            await process.WaitForExitAsync(cancellation);
            Assert.True(process.ExitCode == 0, $"{runtimeSwitch}=0 ended with {process.ExitCode}:\n{text}");

            XElement assembly = XDocument.Load(results).Root!.Element("assembly")!;
            int passed = int.Parse(assembly.Attribute("passed")!.Value, CultureInfo.InvariantCulture);
            output.WriteLine($"{runtimeSwitch}=0: {passed} tests passed in {assembly.Attribute("time")!.Value} s.");
            Assert.True(passed > 100, $"Only {passed} tests ran:\n{text}");
            XElement width = assembly.Descendants("test")
                .Single(test => test.Attribute("method")?.Value == nameof(VectorWidthTests.The_width_is_one_of_four));
            Assert.Equal(VectorWidthTests.Describe(vectorFloats), width.Element("output")!.Value.Trim());
        }
        finally
        {
            File.Delete(results);
        }
    }
}
