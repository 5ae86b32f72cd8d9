using Gsasr.Cli.Reporting;
using Gsasr.Cli.Upscaling;
using Gsasr.Imaging;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary>Files of the commands about fields.</summary>
internal static class FieldPaths
{
    /// <summary>
    /// Creates the temporary file of an output before any work, so that what prevents it shows at once. Removes what killed programs have left
    /// in the folder.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <exception cref="IOException">It is a folder, in a folder that does not exist, exists already, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public static AtomicFile Create(string path, bool overwrite)
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder; name the file to write.");
        if (!overwrite && AtomicFile.WouldReplace(path))
            throw new IOException($"{path} exists already; use --overwrite to replace it.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder {folder} to write {Path.GetFileName(path)} into.");
        AtomicFile.RemoveAbandoned(folder);
        return new AtomicFile(path, overwrite);
    }

    /// <summary>Refuses to write over another file of the same run.</summary>
    /// <param name="other">The other file.</param>
    /// <param name="output">The file to write.</param>
    /// <param name="role">What the other file is, for the message.</param>
    /// <exception cref="IOException">They are the same file.</exception>
    public static void CheckDiffer(string other, string output, string role = "the input")
    {
        var paths = new FilePaths();
        if (FilePaths.Comparer.Equals(paths.Resolve(other), paths.Resolve(output)))
            throw new IOException($"{output} is {role}, and would be replaced; name another file to write.");
    }

    /// <summary>Refuses a path where there is no file.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="FileNotFoundException">There is nothing, a folder, a link to nothing, or something whose name is not UTF-8.</exception>
    /// <exception cref="IOException">It is a link that leads to itself.</exception>
    public static void CheckExists(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(ArgumentEncoding.IsDamaged(path)
                ? $"{path} cannot be opened: its name is not UTF-8; rename it, or give its content to the standard input: gsasr upscale - OUTPUT < FILE"
                : $"There is no file {path}.");
        }

        // A link exists, whether or not there is something where it leads. That of /dev/stdin to a pipe leads to no path, but can be opened.
        if (UnixFileStatus.TryRead(path) is null && File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false } target)
            throw new FileNotFoundException($"{path} is a link to {target.FullName}, which is not there.");
    }

    /// <summary>Reads an image that is to become a field.</summary>
    /// <param name="path">The image.</param>
    /// <param name="maxPixels">The most pixels that it may have; null for the usual limits.</param>
    /// <param name="report">Takes what a person should know about the reading.</param>
    /// <exception cref="ImageFormatException">It is no image, or has transparent pixels, which a field cannot hold.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Image ReadImage(string path, long? maxPixels, FileReport report)
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder; name an image file.");
        CheckExists(path);
        Image image;
        try
        {
            image = ImageFile.Read(path, ImageLimits.ForPixels(maxPixels));
        }
        catch (ImageFormatException e)
        {
            throw WithPath(e, path);
        }

        foreach (string note in image.Notes)
            report.Note(note);
        return IsOpaque(image)
            ? image
            : throw new ImageFormatException($"{path} has transparent pixels, and a field holds colours only; give it a background first.");
    }

    /// <summary>The failure with the file's name, and with what to do if a limit was exceeded.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="path">The file.</param>
    public static ImageFormatException WithPath(ImageFormatException failure, string path) =>
        new(failure.IsAboutLimits ? $"{path}: {failure.Message} --max-pixels raises the limit." : $"{path}: {failure.Message}", failure);

    /// <summary>The channels of an image's pixels.</summary>
    /// <param name="image">The image.</param>
    public static PixelLayout LayoutOf(Image image) => image.Layout switch
    {
        ChannelLayout.Grey => PixelLayout.Grey,
        ChannelLayout.GreyAlpha => PixelLayout.GreyAlpha,
        ChannelLayout.Rgb => PixelLayout.Rgb,
        _ => PixelLayout.Rgba,
    };

    /// <summary>Whether an image is opaque everywhere.</summary>
    /// <param name="image">The image.</param>
    public static bool IsOpaque(Image image)
    {
        if (image.Layout is ChannelLayout.Grey or ChannelLayout.Rgb)
            return true;
        int channels = image.ChannelCount;
        for (int i = channels - 1; i < image.Width * image.Height * channels; i += channels)
        {
            if (image.BitDepth == 8 ? image.Samples8[i] != byte.MaxValue : image.Samples16[i] != ushort.MaxValue)
                return false;
        }

        return true;
    }
}
