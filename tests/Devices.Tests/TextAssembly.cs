using System.IO.Compression;
using System.Reflection;
using System.Text;

namespace Gsasr.Devices.Tests;

/// <summary>Stands for an assembly whose kernels have the given texts, by their names with extension.</summary>
internal sealed class TextAssembly(IReadOnlyDictionary<string, string> texts) : Assembly
{
    public override AssemblyName GetName() => new("Texts");

    public override Stream? GetManifestResourceStream(string name)
    {
        if (!texts.TryGetValue(name, out string? text))
            return null;
        var compressed = new MemoryStream();
        using (var writer = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            writer.Write(Encoding.ASCII.GetBytes(text));
        compressed.Position = 0;
        return compressed;
    }
}
