using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// One of several parts of the inputs, for as many machines or processes. The path of an input alone decides which part it is in (<see
/// cref="InputFile.RelativePath"/>), so that all of them agree without talking to each other, and files that come or go move no others.
/// </summary>
/// <param name="Index">The part, 1 to <paramref name="Count"/>.</param>
/// <param name="Count">How many parts there are.</param>
internal readonly record struct Shard(int Index, int Count)
{
    /// <summary>The environment variable with the number of parts, if the scheduler does not give it.</summary>
    public const string CountVariable = "GSASR_SHARD_COUNT";

    private const string KubernetesIndex = "JOB_COMPLETION_INDEX";
    private const string SlurmId = "SLURM_ARRAY_TASK_ID";
    private const string SlurmFirst = "SLURM_ARRAY_TASK_MIN";
    private const string SlurmLast = "SLURM_ARRAY_TASK_MAX";
    private const string SlurmStep = "SLURM_ARRAY_TASK_STEP";
    private const string SlurmCount = "SLURM_ARRAY_TASK_COUNT";

    /// <summary>Reads "2/8", or "auto": the place of this task in a Slurm array or a Kubernetes indexed job.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is neither, or the environment does not say.</exception>
    public static Shard Parse(string text)
    {
        if (text == "auto")
            return FromEnvironment();
        string[] parts = text.Split('/');
        return parts.Length == 2 && TryParse(parts[0], out int index) && TryParse(parts[1], out int count) && index >= 1 && index <= count
            ? new Shard(index, count)
            : throw new FormatException($"--shard is I/N with I from 1 to N, such as 2/8, or auto; it is '{text}'.");
    }

    /// <summary>Whether an input belongs to this part: whether the XXH64 of its path in UTF-8, modulo Count, is Index - 1.</summary>
    /// <param name="input">The input.</param>
    public bool Has(InputFile input) =>
        XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(input.RelativePath)) % (ulong)Count == (ulong)(Index - 1);

    private static Shard FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(SlurmId) is { Length: > 0 })
        {
            int step = Environment.GetEnvironmentVariable(SlurmStep) is { Length: > 0 } ? Read(SlurmStep) : 1;
            int distance = Read(SlurmId) - Read(SlurmFirst);
            int count = Read(SlurmCount);

            // In an array such as 1,5,9 the step is 1, so that its first task alone would look right.
            bool hasGaps = step == 0 || (Read(SlurmLast) - Read(SlurmFirst)) / step + 1 != count;
            return !hasGaps && distance >= 0 && distance % step == 0 && distance / step < count
                ? new Shard(distance / step + 1, count)
                : throw new FormatException("--shard auto needs a Slurm array whose numbers have no gaps, such as --array=0-7.");
        }

        if (Environment.GetEnvironmentVariable(KubernetesIndex) is { Length: > 0 })
        {
            int index = Read(KubernetesIndex), count = Read(CountVariable);
            return index < count
                ? new Shard(index + 1, count)
                : throw new FormatException($"--shard auto: {KubernetesIndex} is {index}, but {CountVariable} only {count}; it is the job's completions.");
        }

        throw new FormatException($"--shard auto is for Slurm array jobs ({SlurmId} is not set) and Kubernetes indexed jobs ({KubernetesIndex} is not set); elsewhere say I/N.");
    }

    private static int Read(string variable)
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        return TryParse(text, out int value)
            ? value
            : throw new FormatException($"--shard auto: the environment variable {variable} is to be a whole number; it is {(text is null ? "not set" : $"'{text}'")}.");
    }

    private static bool TryParse(string? text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
