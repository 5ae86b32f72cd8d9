using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fitting;

/// <summary>A <see cref="FieldFitter"/> between two steps, as it is kept in a file.</summary>
internal sealed record FitState
{
    private const string Format = "gsasr-fit";
    private const string Version = "1";
    private const string GaussiansName = "gaussians";
    private const string MomentsName = "moments";
    private const int Columns = GaussianFormat.Activated.ColumnsOfRgb;

    /// <summary>What is fitted, and how.</summary>
    public required string Job { get; init; }

    /// <summary>[count, 8].</summary>
    public required float[] Gaussians { get; init; }

    /// <summary>[count, 16], Adam's running means.</summary>
    public required float[] Moments { get; init; }

    /// <summary>Steps so far.</summary>
    public required int Steps { get; init; }

    /// <summary>Adam's steps since Gaussians were added last.</summary>
    public required int AdamSteps { get; init; }

    /// <summary>Rounds of new Gaussians so far.</summary>
    public required int Rounds { get; init; }

    /// <summary>The share of the whole work that was done before the last step.</summary>
    public required double Done { get; init; }

    /// <summary>A text for an image and options, so that a state is not used for others.</summary>
    /// <param name="target">[height, width, 3].</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="options">The options.</param>
    public static string Describe(float[] target, int width, int height, FitOptions options)
    {
        string image = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(target.AsSpan()))[..8]);
        return string.Create(CultureInfo.InvariantCulture, $"{width}x{height} {image} gaussians={options.Gaussians} seed={options.Seed}");
    }

    /// <summary>Writes a state; the file appears complete or not at all.</summary>
    /// <param name="path">Where to write; a file that is there is replaced.</param>
    /// <param name="state">The state.</param>
    public static void Write(string path, FitState state)
    {
        int count = state.Gaussians.Length / Columns;
        using var tensors = new FloatTensors("the state")
            .Add(GaussiansName, state.Gaussians, count, Columns)
            .Add(MomentsName, state.Moments, count, 2 * Columns);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["version"] = Version,
            ["job"] = state.Job,
            ["steps"] = Text(state.Steps),
            ["adam_steps"] = Text(state.AdamSteps),
            ["rounds"] = Text(state.Rounds),
            ["done"] = Text(state.Done),
        };
        SafetensorsWriter.Write(path, tensors, metadata, overwrite: true);
    }

    /// <summary>Reads a state.</summary>
    /// <param name="path">The file.</param>
    /// <param name="job">What it must belong to.</param>
    /// <param name="mostGaussians">The most Gaussians that it can have.</param>
    /// <param name="mostRounds">The most rounds that there can have been.</param>
    /// <exception cref="CheckpointFormatException">The file is no state, a damaged one, or of another job.</exception>
    public static FitState Read(string path, string job, int mostGaussians, int mostRounds)
    {
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(path);
        var metadata = new FieldMetadata(file);
        if (metadata.Find("format") != Format || metadata.Find("version") != Version)
            throw new CheckpointFormatException($"{path} does not keep the state of a fit that this program could go on with; delete it or name another file.");
        if (metadata.Require("job") != job)
            throw new CheckpointFormatException($"{path} keeps the state of another fit ({Quote.Name(metadata.Require("job"))}, not '{job}'); delete it or name another file.");
        if (!file.Tensors.TryGetValue(GaussiansName, out TensorInfo? gaussians) || !file.Tensors.TryGetValue(MomentsName, out TensorInfo? moments)
            || gaussians.ElementType != ElementType.Float32 || moments.ElementType != ElementType.Float32
            || gaussians.Shape.Count != 2 || gaussians.Shape[0] < 1 || gaussians.Shape[0] > mostGaussians
            || gaussians.Shape[1] != Columns || !moments.HasShape(gaussians.Shape[0], 2 * Columns))
        {
            throw new CheckpointFormatException($"{path} is damaged: it lacks the Gaussians or their moments, or they have the wrong shape.");
        }

        var state = new FitState
        {
            Job = job,
            Gaussians = new float[gaussians.Count],
            Moments = new float[moments.Count],
            Steps = metadata.Whole("steps", 0, int.MaxValue),
            AdamSteps = metadata.Whole("adam_steps", 0, int.MaxValue),
            Rounds = metadata.Whole("rounds", 0, mostRounds),
            Done = metadata.Number("done", 0, 1),
        };
        file.Read(GaussiansName, state.Gaussians);
        file.Read(MomentsName, state.Moments);
        FieldCheck.Run(path, state.Gaussians, GaussianLayout.Activated);
        if (!TensorPrimitives.IsFiniteAll<float>(state.Moments))
            throw new CheckpointFormatException($"{path} is damaged: a moment is not a number or infinite.");
        return state;
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
