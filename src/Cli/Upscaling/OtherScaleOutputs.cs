using System.Globalization;
using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// Recognises pictures that an earlier run with another --scale wrote beside its inputs: the pattern gives them their name at that scale, and
/// they have the size that it makes.
/// </summary>
/// <param name="template">The pattern, with {scale}.</param>
/// <param name="scale">The scale of this run.</param>
/// <param name="paths">Finds out whether two paths are the same file.</param>
internal sealed class OtherScaleOutputs(OutputTemplate template, double scale, FilePaths paths)
{
    private readonly string _scaleText = scale.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether a picture is such an output.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="byOutput">All pictures of this run by the resolved paths of their outputs.</param>
    public bool Has(PlannedPicture picture, Dictionary<string, PlannedPicture> byOutput)
    {
        string path = paths.Resolve(picture.Input.Path);
        for (int start = 0; start < path.Length; start++)
        {
            if (!char.IsAsciiDigit(path[start]) || (start > 0 && char.IsAsciiDigit(path[start - 1])))
                continue;
            int end = EndOfNumber(path, start);
            double former = double.Parse(path.AsSpan(start, end - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
            if (former != scale
                && former is >= Upscaler.MinimumScale and <= Upscaler.MaximumScale
                && byOutput.TryGetValue(string.Concat(path.AsSpan(0, start), _scaleText, path.AsSpan(end)), out PlannedPicture? source)
                && FilePaths.Comparer.Equals(paths.Resolve(template.PathFor(source.Input, source.Extension, former, size: null)), path)
                && HasSize(picture.Input, source.Input, former))
            {
                return true;
            }
        }

        return false;
    }

    private static int EndOfNumber(string path, int start)
    {
        int end = start;
        while (end < path.Length && char.IsAsciiDigit(path[end]))
            end++;
        if (end + 1 < path.Length && path[end] == '.' && char.IsAsciiDigit(path[end + 1]))
            end += 2;
        while (end < path.Length && char.IsAsciiDigit(path[end]))
            end++;
        return end;
    }

    private static bool HasSize(InputFile output, InputFile input, double scale)
    {
        (int width, int height) = SizeOf(input);
        if (width == 0)
            return false;
        try
        {
            return SizeOf(output) == Upscaler.OutputSize(width, height, scale);
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    // Of a file that cannot be read nothing is known; that it cannot be is reported when its turn comes.
    private static (int Width, int Height) SizeOf(InputFile file)
    {
        (int Width, int Height) size = default;
        try
        {
            ImageFile.Read(file.Path, ImageLimits.Default with
            {
                Inspect = header =>
                {
                    size = (header.Width, header.Height);
                    throw new OperationCanceledException();
                },
            });
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or UnauthorizedAccessException or ImageFormatException)
        {
        }

        return size;
    }
}
