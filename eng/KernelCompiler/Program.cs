using System.IO.Compression;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;

namespace Gsasr.KernelCompiler;

/// <summary>
/// <c>Gsasr.KernelCompiler KERNELS.dll FOLDER</c> writes, for every kernel of the assembly, NAME.ptx and NAME.cl into the folder
/// (NAME.sm_75.ptx too where older hardware has a text of its own), and Kernels.g.cs with their launches. Errors are printed the way MSBuild reads them; exit code 1 if there were any.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments) => Run(arguments, Console.Error);

    /// <summary>What the program does.</summary>
    /// <param name="arguments">The assembly and the folder.</param>
    /// <param name="messages">Where errors go.</param>
    internal static int Run(string[] arguments, TextWriter messages)
    {
        if (arguments.Length != 2)
        {
            messages.WriteLine("usage: Gsasr.KernelCompiler KERNELS.dll FOLDER");
            return 2;
        }

        string path = Path.GetFullPath(arguments[0]);
        string folder = arguments[1];
        Assembly assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        var errors = new List<KernelException>();
        IReadOnlyList<KernelEntry> entries = KernelEntry.FindAll(assembly, errors);
        var compiled = new CompiledKernel?[entries.Count];
        Parallel.For(0, entries.Count, i => Compile(entries, i, compiled, errors));
        if (errors.Count > 0)
        {
            foreach (KernelException error in errors.OrderBy(error => error.Message, StringComparer.Ordinal))
                messages.WriteLine(error.Message);
            return 1;
        }

        Write(folder, compiled!);
        return 0;
    }

    private static void Compile(IReadOnlyList<KernelEntry> entries, int index, CompiledKernel?[] compiled, List<KernelException> errors)
    {
        try
        {
            compiled[index] = KernelTranslator.Translate(entries[index]);
        }
        catch (KernelException e)
        {
            lock (errors)
                errors.Add(e);
        }
    }

    private static void Write(string folder, IReadOnlyList<CompiledKernel> kernels)
    {
        Directory.CreateDirectory(folder);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (CompiledKernel kernel in kernels)
        {
            WriteText(kernel.Entry.Name + ".ptx", kernel.Ptx);
            if (kernel.TuringPtx is not null)
                WriteText(kernel.Entry.Name + ".sm_75.ptx", kernel.TuringPtx);
            if (kernel.OpenCl is not null)
                WriteText(kernel.Entry.Name + ".cl", kernel.OpenCl);
        }

        WriteFile("Kernels.g.cs", LaunchWriter.Write(kernels));
        foreach (string stale in Directory.EnumerateFiles(folder).Where(file => !kept.Contains(Path.GetFileName(file))))
            File.Delete(stale);

        // Uncompressed for people to read, and compressed for embedding.
        void WriteText(string name, string text)
        {
            WriteFile(name, text);
            kept.Add(name + ".gz");
            using var compressed = new GZipStream(File.Create(Path.Combine(folder, name + ".gz")), CompressionLevel.SmallestSize);
            compressed.Write(Encoding.ASCII.GetBytes(text));
        }

        void WriteFile(string name, string text)
        {
            kept.Add(name);
            File.WriteAllText(Path.Combine(folder, name), text);
        }
    }
}
