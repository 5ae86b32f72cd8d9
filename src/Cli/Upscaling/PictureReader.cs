using System.Diagnostics;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>Reads pictures and makes sure that their outputs can be written, before any of the long work.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="template">Where the outputs go.</param>
internal sealed class PictureReader(UpscaleRequest request, OutputTemplate template)
{
    /// <summary>Reads a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="report">Takes what there is to say of it.</param>
    /// <returns>The picture; null where its output exists and is to be left alone.</returns>
    /// <exception cref="ImageFormatException">The file is no image, or the output cannot hold it.</exception>
    /// <exception cref="ArgumentException">It cannot become as large as it should.</exception>
    /// <exception cref="IOException">The input cannot be read, or the output not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The input must not be read, or the output not be written.</exception>
    public PictureWork? Read(PlannedPicture picture, FileReport report)
    {
        long start = Stopwatch.GetTimestamp();
        report.Stage(WorkStage.Reading);
        PictureTarget? target = template.NeedsSize ? null : Open(picture.Output);
        try
        {
            ImageFormat format = OutputFormats.FormatOf(picture.Extension);
            Image image = ReadImage(picture, format);
            foreach (string note in image.Notes)
                report.Note(note);
            OutputFrame frame = request.Size.For(image.Width, image.Height);
            CheckOutput(picture, format, frame, image.Layout, image.BitDepth);
            if (target is null)
            {
                report.Output = template.PathFor(picture.Input, picture.Extension, request.Size.Scale, (frame.Width, frame.Height));
                if (request.SkipExisting && File.Exists(report.Output))
                {
                    report.Skipped(SkippedNote);
                    return null;
                }

                target = Open(report.Output);
            }

            return new PictureWork { Image = image, Frame = frame, Format = format, Target = target, Report = report, Start = start };
        }
        catch
        {
            target?.Dispose();
            throw;
        }
    }

    /// <summary>Why a picture is left alone.</summary>
    public const string SkippedNote = "It exists already.";

    private static void CheckOutput(PlannedPicture picture, ImageFormat format, OutputFrame frame, ChannelLayout layout, int bitDepth)
    {
        OutputFormats.CheckColours(picture.Extension, layout);
        ImageFile.CheckCanWrite(format, frame.Width, frame.Height, layout, bitDepth);
    }

    private PictureTarget Open(string path) => template.IsStandardOutput
        ? PictureTarget.StandardOutput()
        : PictureTarget.File(path, request.Overwrite, template.CreatesFolders);

    private Image ReadImage(PlannedPicture picture, ImageFormat format)
    {
        bool isAboutOutput = false;

        // The output must be possible before the input's pixels are decoded, of which there can be hundreds of megabytes. For a scale it
        // does not matter here whether the image lies on its side.
        ImageLimits limits = ImageLimits.ForPixels(request.MaxPixels) with
        {
            Inspect = request.Size.Scale is null ? null : header =>
            {
                isAboutOutput = true;
                CheckOutput(picture, format, request.Size.For(header.Width, header.Height), header.Layout, header.BitDepth);
                isAboutOutput = false;
            },
        };
        string path = picture.Input.Path;
        try
        {
            if (picture.Input.IsStandardInput)
            {
                using Stream input = Console.OpenStandardInput();
                return ImageFile.Read(input, limits);
            }

            return File.Exists(path) ? ImageFile.Read(path, limits) : throw new FileNotFoundException($"There is no file {path}.");
        }
        catch (ImageFormatException e) when (!isAboutOutput)
        {
            throw FieldPaths.WithPath(e, picture.Input.IsStandardInput ? "the standard input" : path);
        }
    }
}
