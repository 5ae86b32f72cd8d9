using System.Text;
using System.Text.RegularExpressions;

namespace Gsasr.Cli.Upscaling;

/// <summary>A part of a path with variables in braces, such as {name}_x{scale}. Doubled braces stand for braces.</summary>
internal sealed partial class NamePattern
{
    // A part is a text, or a variable without its braces.
    private readonly List<(string Text, bool IsVariable)> _parts = [];

    private NamePattern()
    {
    }

    /// <summary>Whether it has no variables.</summary>
    public bool IsLiteral => !_parts.Exists(part => part.IsVariable);

    /// <summary>The text before the first variable.</summary>
    public string Start => string.Concat(_parts.TakeWhile(part => !part.IsVariable).Select(part => part.Text));

    /// <summary>A pattern without variables.</summary>
    /// <param name="text">Its text, braces and all.</param>
    public static NamePattern Literal(string text)
    {
        var pattern = new NamePattern();
        pattern._parts.Add((text, false));
        return pattern;
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">There is a single brace, or braces around something that is no variable.</exception>
    public static NamePattern Parse(string text)
    {
        var pattern = new NamePattern();
        foreach (Match match in Part().Matches(text))
        {
            if (match.Groups["variable"] is { Success: true } variable)
                pattern._parts.Add((variable.Value, true));
            else if (match.Groups["brace"] is { Success: true } brace)
                pattern._parts.Add((brace.Value, false));
            else if (match.Groups["text"].Success)
                pattern._parts.Add((match.Value, false));
            else
                throw new ArgumentException($"In '{text}' the braces make no sense: in a pattern stand {{name}}, {{ext}}, {{folder}}, {{scale}}, {{width}} and {{height}}, and a brace itself is doubled.");
        }

        return pattern;
    }

    /// <summary>Whether it has a variable.</summary>
    /// <param name="variable">The variable, without braces.</param>
    public bool Uses(string variable) => _parts.Contains((variable, true));

    /// <summary>The text with values in the place of the variables.</summary>
    /// <param name="value">Gives the value of a variable.</param>
    public string Expand(Func<string, string> value)
    {
        var text = new StringBuilder();
        foreach ((string part, bool isVariable) in _parts)
            text.Append(isVariable ? value(part) : part);
        return text.ToString();
    }

    [GeneratedRegex(@"(?<brace>\{)\{|(?<brace>\})\}|\{(?<variable>name|ext|folder|scale|width|height)\}|(?<text>[^{}]+)|[{}]", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();
}
