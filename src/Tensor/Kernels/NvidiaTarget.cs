using System.Globalization;

namespace Gsasr.Tensors;

/// <summary>The NVIDIA hardware that PTX is made for, as in <c>sm_80</c> or <c>sm_90a</c>.</summary>
/// <param name="Major">The compute capability's first number.</param>
/// <param name="Minor">The compute capability's second number.</param>
/// <param name="IsExact">Whether later hardware cannot run it (the <c>a</c> suffix).</param>
internal readonly record struct NvidiaTarget(int Major, int Minor, bool IsExact)
{
    /// <summary>The target of modules without a target of their own, and the oldest hardware that they run on.</summary>
    public static NvidiaTarget Turing { get; } = new(7, 5, false);

    /// <summary>The first hardware that copies to shared memory while it computes, and multiplies matrices 16 values deep.</summary>
    public static NvidiaTarget Ampere { get; } = new(8, 0, false);

    /// <summary>Reads a name like <c>sm_80</c> or <c>sm_90a</c>.</summary>
    /// <param name="text">The name.</param>
    /// <exception cref="FormatException">The text is no such name.</exception>
    public static NvidiaTarget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isExact = text.EndsWith('a');
        string digits = text.StartsWith("sm_", StringComparison.Ordinal) ? text[3..(isExact ? ^1 : ^0)] : "";
        if (digits.Length is < 2 or > 3 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            throw new FormatException($"'{text}' is not an NVIDIA target such as sm_75 or sm_90a.");
        return new NvidiaTarget(number / 10, number % 10, isExact);
    }

    /// <summary>Whether code for this target runs on hardware of a compute capability.</summary>
    /// <param name="major">The capability's first number.</param>
    /// <param name="minor">The capability's second number.</param>
    public bool RunsOn(int major, int minor) => IsExact
        ? major == Major && minor == Minor
        : major > Major || (major == Major && minor >= Minor);

    /// <summary>The name: "sm_75".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"sm_{Major}{Minor}{(IsExact ? "a" : "")}");
}
