using System.Text;

namespace Gsasr.Tensors;

/// <summary>Puts included files in place of <c>#include "path"</c> lines, since a driver's compiler knows no files of ours.</summary>
internal static class KernelSource
{
    /// <summary>The source with each file included once; paths are relative to the folder of <c>kernels.json</c>.</summary>
    public static string Expand(KernelLibrary library, string path)
    {
        var text = new StringBuilder();
        Append(library, path, text, new HashSet<string>(StringComparer.Ordinal));
        return text.ToString();
    }

    private static void Append(KernelLibrary library, string path, StringBuilder text, HashSet<string> included)
    {
        if (!included.Add(path))
            return;
        byte[] bytes = library.ReadResource(path) ?? throw new InvalidDataException($"{library.Name} embeds no kernel source '{path}'.");
        int lineNumber = 0;
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(bytes).AsSpan().EnumerateLines())
        {
            lineNumber++;
            if (line.StartsWith("#include \"") && line.TrimEnd().EndsWith('"'))
            {
                string name = line.TrimEnd()["#include \"".Length..^1].ToString();
                text.Append("#line 1 \"").Append(name).Append("\"\n");
                Append(library, name, text, included);
                text.Append("#line ").Append(lineNumber + 1).Append(" \"").Append(path).Append("\"\n");
                continue;
            }

            text.Append(line).Append('\n');
        }
    }
}
