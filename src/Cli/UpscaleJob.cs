using System.Diagnostics;
using System.Globalization;
using Gsasr.Cli.Models;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>One image from file to file.</summary>
internal sealed class UpscaleJob
{
    public required string InputPath { get; init; }

    public required string OutputPath { get; init; }

    public required double Scale { get; init; }

    public required string Model { get; init; }

    public required string Device { get; init; }

    public required UpscalerOptions Options { get; init; }

    public required ImageWriteOptions Writing { get; init; }

    /// <summary>The most pixels that the input may have; null for the usual limits.</summary>
    public required long? MaxPixels { get; init; }

    public required bool Overwrite { get; init; }

    /// <summary>Upscales the image; everything that can be refused is refused before the long work.</summary>
    /// <param name="reporter">Takes what there is to say.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(Reporter reporter, CancellationToken cancellation)
    {
        reporter.Report(new RunStarted(Program.Version, Files: 1));
        long start = Stopwatch.GetTimestamp();
        FileReport report = reporter.Begin(1, InputPath, OutputPath);
        CheckPaths();
        ImageFormat format = ImageFile.FormatFromExtension(OutputPath);
        using var target = new AtomicFile(OutputPath, Overwrite);
        report.Stage(WorkStage.Reading);
        Image image = ReadImage(format);
        foreach (string note in image.Notes)
            report.Note(note);
        (int width, int height) = Upscaler.OutputSize(image.Width, image.Height, Scale);

        reporter.Report(new StageStarted(WorkStage.LoadingModel, Detail: Model));
        GsasrModel model = ModelStore.Load(Model, cancellation);
        using Device device = DeviceOpening.Open(Device, reporter);
        using var upscaler = new Upscaler(model, device, Options, cancellation: cancellation);
        reporter.Report(new DeviceOpened(
            device.Name, DeviceOpening.NameOf(device.Kind), model.Name, model.Source, upscaler.Precision.Describe()));
        report.Stage(WorkStage.Computing);
        using StageReport? timings = reporter.IsVerbose ? new StageReport(upscaler, device) : null;
        Image result = await Task.Run(() => Upscale(upscaler, image, width, height, report, cancellation), cancellation).ConfigureAwait(false);
        timings?.Send(report);
        if (upscaler.WasRepeated)
            report.Note(SharedOptions.RepeatedNote);
        report.Stage(WorkStage.Writing);
        result.Metadata = image.Metadata.ForSize(width, height);
        ImageWriteOptions options = Writing with { Cancellation = cancellation };
        target.Complete(stream => ImageFile.Write(stream, result, format, options));
        report.Finished(
            (image.Width, image.Height), (width, height), model.Name, device.Name, upscaler.Precision, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return ExitCode.Success;
    }

    private static PixelLayout LayoutOf(Image image) => image.Layout switch
    {
        ChannelLayout.Grey => PixelLayout.Grey,
        ChannelLayout.GreyAlpha => PixelLayout.GreyAlpha,
        ChannelLayout.Rgb => PixelLayout.Rgb,
        _ => PixelLayout.Rgba,
    };

    private Image Upscale(Upscaler upscaler, Image image, int width, int height, IProgress<double> progress, CancellationToken cancellation)
    {
        PixelLayout layout = LayoutOf(image);
        int samples = checked(width * height * image.ChannelCount);
        if (image.BitDepth == 8)
        {
            var pixels = new byte[samples];
            upscaler.Upscale(image.Samples8, image.Width, image.Height, layout, Scale, pixels, progress, cancellation);
            return new Image(width, height, image.Layout, pixels);
        }

        var deepPixels = new ushort[samples];
        upscaler.Upscale(image.Samples16, image.Width, image.Height, layout, Scale, deepPixels, progress, cancellation);
        return new Image(width, height, image.Layout, deepPixels);
    }

    private void CheckPaths()
    {
        if (Directory.Exists(InputPath))
            throw new IOException($"{InputPath} is a folder; name an image file.");
        if (!File.Exists(InputPath))
            throw new FileNotFoundException($"There is no file {InputPath}.");
        if (Directory.Exists(OutputPath))
            throw new IOException($"{OutputPath} is a folder; name the image file to write.");
        if (!Overwrite && File.Exists(OutputPath))
            throw new IOException($"{OutputPath} exists already; use --overwrite to replace it.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(OutputPath))!;
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder {folder} to write {Path.GetFileName(OutputPath)} into.");
    }

    private Image ReadImage(ImageFormat outputFormat)
    {
        bool isAboutOutput = false;

        // The output must be possible before the input's pixels are decoded, of which there can be hundreds of megabytes. It does not
        // matter here whether the image lies on its side.
        ImageLimits limits = ImageLimits.ForPixels(MaxPixels) with
        {
            Inspect = header =>
            {
                isAboutOutput = true;
                (int width, int height) = Upscaler.OutputSize(header.Width, header.Height, Scale);
                ImageFile.CheckCanWrite(outputFormat, width, height, header.Layout, header.BitDepth);
                isAboutOutput = false;
            },
        };
        try
        {
            return ImageFile.Read(InputPath, limits);
        }
        catch (ImageFormatException e) when (!isAboutOutput)
        {
            throw FieldPaths.WithPath(e, InputPath);
        }
    }
}
