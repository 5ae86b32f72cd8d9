using System.Diagnostics;
using System.Globalization;
using Gsasr.Cli.Models;
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

    public required bool Verbose { get; init; }

    /// <summary>Upscales the image; everything that can be refused is refused before the long work.</summary>
    /// <param name="output">Takes one line that says what was done.</param>
    /// <param name="error">Takes the progress.</param>
    /// <param name="cancellation">Stops the work.</param>
    public async Task<int> RunAsync(TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        CheckPaths();
        ImageFormat format = ImageFile.FormatFromExtension(OutputPath);
        using var target = new AtomicFile(OutputPath, Overwrite);
        Image image = ReadImage(format);
        await FieldPaths.ReportAsync(image, InputPath, error).ConfigureAwait(false);
        (int width, int height) = Upscaler.OutputSize(image.Width, image.Height, Scale);

        GsasrModel model = ModelStore.Load(Model, cancellation);
        using Device device = DeviceCatalog.Open(Device, out string? note);
        if (note is not null)
            await error.WriteLineAsync(note).ConfigureAwait(false);
        using var upscaler = new Upscaler(model, device, Options, cancellation: cancellation);
        using StageReport? report = Verbose ? StageReport.Begin(upscaler, model, device, error) : null;
        Image result = await ProgressDisplay.RunAsync(
            $"{Path.GetFileName(InputPath)} x{Scale.ToString(CultureInfo.InvariantCulture)}",
            error,
            (progress, note) =>
            {
                device.Compiling += (_, _) => note($"Compiling the kernels for {device.Name}; that can take a minute, once.");
                return Task.Run(() => Upscale(upscaler, image, width, height, progress, cancellation), cancellation);
            }).ConfigureAwait(false);
        report?.Write();
        result.Metadata = image.Metadata.ForSize(width, height);
        ImageWriteOptions options = Writing with { Cancellation = cancellation };
        target.Complete(stream => ImageFile.Write(stream, result, format, options));
        string seconds = Stopwatch.GetElapsedTime(start).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        if (upscaler.WasRepeated)
            await error.WriteLineAsync(SharedOptions.RepeatedNote).ConfigureAwait(false);
        string precision = upscaler.Precision == Precision.Mixed ? " in mixed precision" : "";
        string done = $"{OutputPath}: {image.Width}x{image.Height} -> {width}x{height}, {model.Name} on {device.Name}{precision}, {seconds} s";
        try
        {
            await output.WriteLineAsync(done).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            // The picture is what was asked for, and it is there.
            await error.WriteLineAsync($"{OutputPath} was written; the output stream could not be: {e.Message}").ConfigureAwait(false);
        }

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
