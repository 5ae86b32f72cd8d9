using System.Collections.Concurrent;
using System.Diagnostics;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Upscaling;

/// <summary>Reads pictures and makes sure that their outputs can be written, before any of the long work.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="template">Where the outputs go.</param>
internal sealed class PictureReader(UpscaleRequest request, OutputTemplate template)
{
    // Folders that have been searched for files that killed programs left behind.
    private readonly ConcurrentDictionary<string, bool> _tidied = new(FilePaths.Comparer);

    /// <summary>Reads a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="report">Takes what there is to say of it.</param>
    /// <param name="found">
    /// Called before the pixels are decoded, when it is known that there is a picture and that its output is possible and to be made.
    /// </param>
    /// <param name="cancellation">Stops waiting for the standard input.</param>
    /// <returns>The picture; null if its output exists and is to be left alone.</returns>
    /// <exception cref="ImageFormatException">The file is no image, or the output cannot hold it.</exception>
    /// <exception cref="ArgumentException">It cannot become as large as was asked for.</exception>
    /// <exception cref="IOException">The input cannot be read, or the output not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The input must not be read, or the output not be written.</exception>
    public PictureWork? Read(PlannedPicture picture, FileReport report, Action found, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        if (!template.NeedsSize && TrySkip(report))
            return null;
        report.Stage(WorkStage.Reading);
        PictureTarget? target = template.NeedsSize ? null : Open(picture.Output);
        try
        {
            // Where the output's name has its size, it may turn out to exist.
            Image image = ReadImage(picture, target is null ? () => { } : found, cancellation);
            foreach (string note in image.Notes)
                report.Note(note);
            image = Prepare(image, picture);
            OutputFormats.CheckColours(picture.Extension, image.Layout, areKnown: request.Options.KeepGrey);
            OutputFrame frame = request.Size.For(image.Width, image.Height);
            ImageHeader output = HeaderFor(picture, frame, new ImageHeader(image.Width, image.Height, image.Layout, image.BitDepth));
            if (output.BitDepth < image.BitDepth)
                report.Note($"{picture.Extension.ToUpperInvariant()} holds 8 bits a channel; the output has no more, a PNG would keep all 16.");
            if (target is null)
            {
                report.Output = template.PathFor(picture.Input, picture.Extension, request.Size.Scale, (frame.Width, frame.Height));
                if (TrySkip(report))
                    return null;
                target = Open(report.Output);
            }

            return new PictureWork
            {
                Image = image,
                Frame = frame,
                Output = output,
                Format = OutputFormats.FormatOf(picture.Extension),
                Target = target,
                Report = report,
                Start = start,
            };
        }
        catch
        {
            target?.Dispose();
            throw;
        }
    }

    /// <summary>Leaves a picture alone if its output exists, perhaps since another run wrote it, and is to stay as it is.</summary>
    /// <param name="report">Takes what there is to say of it.</param>
    /// <returns>Whether it is left alone.</returns>
    public bool TrySkip(FileReport report)
    {
        if (!request.SkipExisting || template.IsStandardOutput || !AtomicFile.WouldReplace(report.Output))
            return false;
        Tidy(report.Output);
        report.Skipped(SkippedNote);
        return true;
    }

    /// <summary>Why a picture is left alone.</summary>
    public const string SkippedNote = "It exists already.";

    // The output's header: the depth that its format can hold, and no alpha if the format has none. The picture is converted to it later.
    private static ImageHeader HeaderFor(PlannedPicture picture, OutputFrame frame, ImageHeader input)
    {
        ImageFormat format = OutputFormats.FormatOf(picture.Extension);
        ChannelLayout layout = format.HoldsAlpha() ? input.Layout : input.Layout.WithoutAlpha();
        int bitDepth = format.HoldsSixteenBits() ? input.BitDepth : 8;
        ImageFile.CheckCanWrite(format, frame.Width, frame.Height, layout, bitDepth);
        return new ImageHeader(frame.Width, frame.Height, layout, bitDepth);
    }

    // For a PGM, --keep-grey makes a grey image of one that has only greys.
    private Image Prepare(Image image, PlannedPicture picture)
    {
        if (request.StripMetadata)
            image.Metadata = image.Metadata.OfColoursOnly();
        image = WithoutAlpha(image, picture);
        return request.Options.KeepGrey && OutputFormats.IsPgm(picture.Extension) ? Greys.Of(image) ?? image : image;
    }

    // Puts the image on its background. Removes alpha that is opaque everywhere, or that the output cannot hold.
    private Image WithoutAlpha(Image image, PlannedPicture picture)
    {
        if (!image.Layout.HasAlpha())
            return image;
        if (request.Background is { } background)
            return background.Flatten(image);
        if (OutputFormats.FormatOf(picture.Extension).HoldsAlpha())
            return image;
        return FieldPaths.IsOpaque(image)
            ? default(Background).Flatten(image)
            : throw new ImageFormatException(
                $"{picture.Extension.ToUpperInvariant()} has no transparency, and the image has: put it on a colour with --background '#fff', or write a PNG or WebP.");
    }

    private PictureTarget Open(string path)
    {
        if (template.IsStandardOutput)
            return PictureTarget.StandardOutput();
        Tidy(path);
        return PictureTarget.File(path, request.Overwrite, template.CreatesFolders);
    }

    private void Tidy(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (_tidied.TryAdd(folder, true))
            AtomicFile.RemoveAbandoned(folder);
    }

    private Image ReadImage(PlannedPicture picture, Action found, CancellationToken cancellation)
    {
        bool isAboutOutput = false;

        // Whether the output is possible must be known before the input's pixels are decoded, which can be hundreds of megabytes.
        ImageLimits limits = ImageLimits.ForPixels(request.MaxPixels) with
        {
            Inspect = header =>
            {
                isAboutOutput = true;
                if (!request.Options.KeepGrey)
                    OutputFormats.CheckColours(picture.Extension, header.Layout, areKnown: false);
                HeaderFor(picture, request.Size.For(header.Width, header.Height), header);
                isAboutOutput = false;
                found();
            },
        };
        string path = picture.Input.Path;
        try
        {
            // Only its end stops the reading of a stream, so the program does not wait for that.
            if (picture.Input.IsStandardInput)
                return Task.Run(() => ReadStandardInput(limits), cancellation).WaitAsync(cancellation).GetAwaiter().GetResult();
            FieldPaths.CheckExists(path);
            return ImageFile.Read(path, limits);
        }
        catch (ImageFormatException e) when (!isAboutOutput)
        {
            throw FieldPaths.WithPath(e, picture.Input.IsStandardInput ? InputFile.StandardInputName : path);
        }
    }

    private static Image ReadStandardInput(ImageLimits limits)
    {
        using Stream input = StandardStreams.OpenInput();
        return ImageFile.Read(input, limits);
    }
}
