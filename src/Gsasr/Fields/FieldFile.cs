using System.Globalization;
using Gsasr.Checkpoints;
using Gsasr.Raster;

namespace Gsasr.Fields;

/// <summary>
/// Fields of Gaussians in safetensors files, as <c>docs/field-files.md</c> describes them. Every rule is checked before a file is used:
/// what it claims is compared with its length before anything is allocated, and every number with its range.
/// </summary>
internal static class FieldFile
{
    /// <summary>What the metadata calls such a file.</summary>
    public const string Format = "gsasr-field";

    /// <summary>The version that is written, and the only one that is read.</summary>
    public const string Version = "1";

    /// <summary>Tensor of the Gaussians.</summary>
    public const string GaussiansName = "gaussians";

    /// <summary>Tensor of the least value of each column, where Gaussians are 16-bit numbers.</summary>
    public const string MinimumName = "minimum";

    /// <summary>Tensor of the distance of neighbouring values of each column, where Gaussians are 16-bit numbers.</summary>
    public const string StepName = "step";

    /// <summary>Tensor of the described image, where its even areas are kept.</summary>
    public const string ImageName = "image";

    private const double MinimumScale = 1e-3;
    private const double MaximumScale = 1e3;
    private const double MaximumDMax = 1e6;

    /// <summary>Writes a field.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="field">The field.</param>
    /// <param name="quantised">Whether to write 16-bit numbers.</param>
    public static void Write(Stream stream, FieldData field, bool quantised)
    {
        using var tensors = new FieldTensors(field, quantised);
        SafetensorsWriter.Write(stream, tensors, MetadataOf(field));
    }

    /// <summary>Reads a field.</summary>
    /// <param name="path">The file's path.</param>
    /// <exception cref="CheckpointFormatException">The file is no field, or a damaged one.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static FieldData Read(string path)
    {
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(path);
        return Read(file);
    }

    /// <summary>Reads a field.</summary>
    /// <param name="stream">A stream that can seek; it is disposed of.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="CheckpointFormatException">The stream holds no field, or a damaged one.</exception>
    public static FieldData Read(Stream stream, string source)
    {
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(stream, source);
        return Read(file);
    }

    private static SortedDictionary<string, string> MetadataOf(FieldData field) => new(StringComparer.Ordinal)
    {
        ["format"] = Format,
        ["version"] = Version,
        ["layout"] = field.Layout == GaussianLayout.Raw ? "raw" : "activated",
        ["width"] = Text(field.Width),
        ["height"] = Text(field.Height),
        ["canvas_width"] = Text(field.CanvasWidth),
        ["canvas_height"] = Text(field.CanvasHeight),
        ["scale"] = Text(field.Scale),
        ["dmax"] = Text(field.DMax),
        ["geometry"] = field.PublishedGeometry ? "published" : "true",
        ["colours"] = field.IsGrey ? "grey" : "rgb",
        ["bits"] = Text(field.BitDepth),
        ["source"] = field.Source,
    };

    private static FieldData Read(SafetensorsCheckpoint file)
    {
        var metadata = new FieldMetadata(file);
        if (metadata.Find("format") != Format)
        {
            throw new CheckpointFormatException(
                $"{file.Source} is no field of Gaussians: its metadata does not say format '{Format}'. 'gsasr field' and 'gsasr fit' write such files.");
        }

        if (metadata.Require("version") is var version && version != Version)
        {
            throw new CheckpointFormatException(
                $"{file.Source} is a field of version {Quote.Name(version)}, and this program reads version {Version}. A newer program may read it.");
        }

        GaussianLayout layout = metadata.Choose("layout", "raw", "activated") == 0 ? GaussianLayout.Raw : GaussianLayout.Activated;
        int width = metadata.Whole("width", 1, FieldDescription.MaximumSize);
        int height = metadata.Whole("height", 1, FieldDescription.MaximumSize);
        int canvasWidth = metadata.Whole("canvas_width", width, FieldDescription.MaximumSize);
        int canvasHeight = metadata.Whole("canvas_height", height, FieldDescription.MaximumSize);
        double scale = metadata.Number("scale", MinimumScale, MaximumScale);
        double dMax = metadata.Number("dmax", 0, MaximumDMax);
        bool published = metadata.Choose("geometry", "true", "published") == 1;
        bool grey = metadata.Choose("colours", "rgb", "grey") == 1;
        int bits = metadata.Choose("bits", "8", "16") == 0 ? 8 : 16;
        float[] gaussians = FieldTensors.Read(file, layout);
        float[]? image = FieldTensors.ReadImage(file, width, height);
        FieldCheck.Run(file.Source, gaussians, layout);
        return new FieldData
        {
            Layout = layout,
            Gaussians = gaussians,
            Width = width,
            Height = height,
            CanvasWidth = canvasWidth,
            CanvasHeight = canvasHeight,
            Scale = scale,
            DMax = dMax,
            PublishedGeometry = published,
            EvenImage = image,
            IsGrey = grey,
            BitDepth = bits,
            Source = metadata.Find("source") ?? "",
        };
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
