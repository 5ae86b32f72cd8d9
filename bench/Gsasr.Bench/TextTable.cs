namespace Gsasr.Bench;

/// <summary>A table for people and for Markdown; columns after the first are aligned to the right.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>How many cells a row has.</summary>
    public int Columns => headings.Length;

    /// <summary>Adds a row with as many cells as there are headings.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes it to the console.</summary>
    public void Print()
    {
        int[] widths = [.. headings.Select((heading, i) => _rows.Select(row => row[i].Length).Append(heading.Length).Append(2).Max())];
        PrintRow(headings, widths);
        IEnumerable<string> rules = widths.Select((width, i) => i == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":");
        Console.WriteLine($"|{string.Join('|', rules)}|");
        foreach (string[] row in _rows)
            PrintRow(row, widths);
        Console.WriteLine();
    }

    private static void PrintRow(string[] cells, int[] widths) => Console.WriteLine(
        $"| {string.Join(" | ", cells.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])))} |");
}
