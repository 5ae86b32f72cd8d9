using System.Text.Json;

namespace Gsasr.Tensors;

/// <summary>Reads <c>kernels.json</c>, the list that both the driver's compiler and <c>eng/build-ptx.sh</c> go by.</summary>
internal static class KernelManifest
{
    public static IEnumerable<KernelModule> Parse(KernelLibrary library, byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            CheckProperties(document.RootElement, "the manifest", "modules");
            return [.. document.RootElement.GetProperty("modules").EnumerateArray().Select(module => ParseModule(library, module))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"kernels.json of {library.Name} is wrong: {e.Message}", e);
        }
    }

    private static KernelModule ParseModule(KernelLibrary library, JsonElement element)
    {
        string name = element.GetProperty("name").GetString()!;
        CheckProperties(element, $"module '{name}'", "name", "source", "target", "localBytes", "groupsPerProcessor", "defines", "kernels");

        var defines = new List<KeyValuePair<string, string>>();
        if (element.TryGetProperty("defines", out JsonElement definesElement))
        {
            foreach (JsonProperty define in definesElement.EnumerateObject())
                defines.Add(new KeyValuePair<string, string>(define.Name, define.Value.GetRawText().Trim('"')));
        }

        NvidiaTarget? target = element.TryGetProperty("target", out JsonElement targetElement)
            ? NvidiaTarget.Parse(targetElement.GetString()!)
            : null;
        int localBytes = element.TryGetProperty("localBytes", out JsonElement localElement) ? localElement.GetInt32() : 0;
        if (localBytes < 0)
            throw new FormatException($"module '{name}' has localBytes of {localBytes}");
        int groups = element.TryGetProperty("groupsPerProcessor", out JsonElement groupsElement) ? groupsElement.GetInt32() : 0;
        if (groups < 0)
            throw new FormatException($"module '{name}' has a groupsPerProcessor of {groups}");
        var module = new KernelModule(library, name, element.GetProperty("source").GetString()!, defines, target, localBytes, groups);
        foreach (JsonProperty kernel in element.GetProperty("kernels").EnumerateObject())
        {
            int[] size = [.. kernel.Value.EnumerateArray().Select(extent => extent.GetInt32())];
            if (size.Length != 3 || size.Any(extent => extent < 1))
                throw new FormatException($"the group size of kernel '{kernel.Name}' must be three numbers of at least 1");
            module.Add(new KernelId(module, kernel.Name, new WorkSize(size[0], size[1], size[2])));
        }

        return module;
    }

    // A misspelt property would otherwise be ignored by one reader and not by the other.
    private static void CheckProperties(JsonElement element, string owner, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name))
                throw new FormatException($"{owner} has an unknown property '{property.Name}'");
        }
    }
}
