using System.Globalization;
using Gsasr.Checkpoints;

namespace Gsasr.Fields;

/// <summary>The notes of a field's file, each checked against its range.</summary>
internal sealed class FieldMetadata(Checkpoint file)
{
    /// <summary>A note, if it is there.</summary>
    /// <param name="key">Its name.</param>
    public string? Find(string key) => file.Metadata.GetValueOrDefault(key);

    /// <summary>A note that must be there.</summary>
    /// <param name="key">Its name.</param>
    public string Require(string key) =>
        Find(key) ?? throw new CheckpointFormatException($"{file.Source} is a damaged field: its metadata lacks {Quote.Name(key)}.");

    /// <summary>A note that is one of some words.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="words">The words.</param>
    /// <returns>Which of them it is.</returns>
    public int Choose(string key, params ReadOnlySpan<string> words)
    {
        string text = Require(key);
        int index = words.IndexOf(text);
        return index >= 0 ? index : throw Wrong(key, text, $"'{string.Join("' or '", words)}'");
    }

    /// <summary>A note that is a whole number.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="least">The least that it can be.</param>
    /// <param name="most">The most that it can be.</param>
    public int Whole(string key, int least, int most)
    {
        string text = Require(key);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw Wrong(key, text, $"a whole number from {least} to {most}");
    }

    /// <summary>A note that is a number.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="least">The least that it can be.</param>
    /// <param name="most">The most that it can be.</param>
    public double Number(string key, double least, double most)
    {
        string text = Require(key);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw Wrong(key, text, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    private CheckpointFormatException Wrong(string key, string text, string range) =>
        new($"{file.Source} is a damaged field: its {key} is {range}, not {Quote.Name(text)}.");
}
