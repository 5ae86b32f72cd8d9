using System.Reflection;

namespace Gsasr.KernelCompiler.Tests;

public sealed class CompilerTests : IDisposable
{
    private static readonly Lazy<(int ExitCode, string[] Lines)> s_faulty = new(CompileFaulty);

    private readonly string _folder = Directory.CreateTempSubdirectory("gsasr-kernels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("ReturnsSomething", "a kernel returns nothing and its class is not generic")]
    [InlineData("ClassIsGeneric", "a kernel returns nothing and its class is not generic")]
    [InlineData("GenericWithoutSpecialization", "for which every [Kernel] names a Specialization")]
    [InlineData("SpecializationWithoutParameter", "for which every [Kernel] names a Specialization")]
    [InlineData("TwoTypeParameters", "a generic kernel has one type parameter")]
    [InlineData("GroupOfNone", "a group of 0 items; it can be 1 to 1024")]
    [InlineData("GroupTooLarge", "a group of 1025 items; it can be 1 to 1024")]
    [InlineData("UnknownOptimization", "Optimization is 1 or 2")]
    [InlineData("DynamicSharedForAll", "dynamic shared memory needs a Target")]
    [InlineData("LongParameter", "parameter 'number' is Int64")]
    [InlineData("SameName", "another kernel has this name")]
    [InlineData("WritesToTheConsole", "Console")]
    [InlineData("UsesStrings", "tring")]
    [InlineData("NvidiaInstructionForAll", "MultiplyBFloat16 has no OpenCL C")]
    [InlineData("ArrayInLocalMemory", "it would lie in local memory")]
    public void A_kernel_that_cannot_be_compiled_gives_one_line_with_file_line_method_and_reason(string kernel, string reason)
    {
        (int exitCode, string[] lines) = s_faulty.Value;
        Assert.Equal(1, exitCode);
        string line = Assert.Single(lines, line => line.Contains($": error KERNEL: {kernel}: ", StringComparison.Ordinal));
        Assert.Matches(@"FaultyKernels\.cs\(\d+\): error KERNEL: ", line);
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_is_about_a_kernel() =>
        Assert.All(s_faulty.Value.Lines, line => Assert.Contains(": error KERNEL: ", line, StringComparison.Ordinal));

    [Fact]
    public void The_line_is_that_of_the_attribute()
    {
        string line = Assert.Single(s_faulty.Value.Lines, line => line.Contains(" GroupOfNone: ", StringComparison.Ordinal));
        string file = line[..line.IndexOf('(', StringComparison.Ordinal)];
        int number = int.Parse(line[(file.Length + 1)..line.IndexOf(')', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("    [Kernel(0)]", File.ReadAllLines(file)[number - 1]);
    }

    [Fact]
    public void Two_compilations_give_the_same_bytes()
    {
        string kernels = Assembly.Load("Gsasr.Raster.Kernels").Location;
        string[] folders = [Path.Combine(_folder, "first"), Path.Combine(_folder, "second")];
        foreach (string folder in folders)
        {
            using var messages = new StringWriter();
            Assert.Equal(0, Program.Run([kernels, folder], messages));
            Assert.Equal("", messages.ToString());
        }

        string[] names = [.. Directory.GetFiles(folders[0]).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Contains("Gather.Tile16x16.ptx", names);
        Assert.Contains("Gather.Tile16x16.cl", names);
        Assert.Contains("Kernels.g.cs", names);
        Assert.Equal(names, Directory.GetFiles(folders[1]).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        foreach (string name in names)
            Assert.Equal(File.ReadAllBytes(Path.Combine(folders[0], name)), File.ReadAllBytes(Path.Combine(folders[1], name)));
    }

    [Fact]
    public void What_an_earlier_compilation_left_is_removed()
    {
        string stale = Path.Combine(_folder, "Gone.ptx");
        File.WriteAllText(stale, "");
        using var messages = new StringWriter();
        Assert.Equal(0, Program.Run([Assembly.Load("Gsasr.Raster.Kernels").Location, _folder], messages));
        Assert.False(File.Exists(stale));
    }

    [Fact]
    public void Without_its_two_arguments_the_program_says_what_they_are()
    {
        using var messages = new StringWriter();
        Assert.Equal(2, Program.Run([], messages));
        Assert.StartsWith("usage: ", messages.ToString(), StringComparison.Ordinal);
    }

    private static (int ExitCode, string[] Lines) CompileFaulty()
    {
        string folder = Directory.CreateTempSubdirectory("gsasr-kernels-").FullName;
        try
        {
            using var messages = new StringWriter();
            int exitCode = Program.Run([typeof(FaultyKernels).Assembly.Location, folder], messages);
            Assert.Empty(Directory.GetFiles(folder));
            return (exitCode, messages.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(folder);
        }
    }
}
