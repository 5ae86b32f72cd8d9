namespace Gsasr.Checkpoints.PyTorch;

/// <summary>Finds the tensors among the other things that training programs save.</summary>
internal static class StateDictionary
{
    private const string ModulePrefix = "module.";

    /// <summary>The keys under which tensors are saved, the averaged weights first; a file may also hold the tensors directly.</summary>
    private static readonly string[] Wrappers = ["params_ema", "params", "state_dict"];

    /// <summary>The named tensors of a saved value, without the prefix that parallel training adds to every name.</summary>
    public static Dictionary<string, StoredTensor> Unwrap(object? root, string source)
    {
        if (root is not PickleDictionary dictionary)
            throw new CheckpointFormatException($"{source} does not hold a dictionary of tensors.");
        foreach (string wrapper in Wrappers)
        {
            if (dictionary.TryGet(wrapper, out object? wrapped) && wrapped is PickleDictionary inner)
            {
                dictionary = inner;
                break;
            }
        }

        var tensors = new List<(string Name, StoredTensor Tensor)>();
        foreach ((object? key, object? value) in dictionary.Entries)
        {
            // A dictionary may hold counters and settings beside its tensors.
            if (key is string name && value is StoredTensor tensor)
                tensors.Add((name, tensor));
        }

        if (tensors.Count == 0)
        {
            IEnumerable<string> keys = dictionary.Entries.Select(entry => entry.Key).OfType<string>().Take(5).Select(Quote.Name);
            throw new CheckpointFormatException($"{source} holds no tensors; its keys are: {string.Join(", ", keys)}.");
        }

        bool parallel = tensors.TrueForAll(entry => entry.Name.StartsWith(ModulePrefix, StringComparison.Ordinal));
        var named = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in tensors)
        {
            if (!named.TryAdd(parallel ? name[ModulePrefix.Length..] : name, tensor))
                throw new CheckpointFormatException($"{source} holds two tensors named {Quote.Name(name)}.");
        }

        return named;
    }
}
