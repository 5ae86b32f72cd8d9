namespace Gsasr.Checkpoints.PyTorch;

/// <summary>A Python dict or OrderedDict: its entries in the order in which they were set.</summary>
internal sealed class PickleDictionary
{
    private static readonly List<KeyValuePair<object?, object?>> NoEntries = [];
    private List<KeyValuePair<object?, object?>>? _entries;

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => _entries ?? NoEntries;

    public void Add(object? key, object? value) => (_entries ??= []).Add(new(key, value));

    /// <summary>The value that a text key was set to last.</summary>
    public bool TryGet(string key, out object? value)
    {
        for (int i = Entries.Count - 1; i >= 0; i--)
        {
            if (Entries[i].Key is string text && text == key)
            {
                value = Entries[i].Value;
                return true;
            }
        }

        value = null;
        return false;
    }
}
