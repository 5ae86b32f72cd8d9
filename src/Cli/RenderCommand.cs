using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary><c>gsasr render FIELD OUTPUT --size WxH | --magnification M</c>.</summary>
internal static class RenderCommand
{
    private const double LargestEdge = 1e6;

    public static Command Create(TextWriter output, TextWriter error)
    {
        var input = new Argument<string>("FIELD") { Description = "A field that 'gsasr field' or 'gsasr fit' wrote." };
        var target = new Argument<string>("OUTPUT") { Description = "The image to write." };
        UpscaleCommand.RequireText(input.Validators, "FIELD is empty; name the field to draw.");
        UpscaleCommand.RequireText(target.Validators, "OUTPUT is empty; name the image to write.");
        Option<(int Width, int Height)?> size = SharedOptions.Size("--size", "Pixels of OUTPUT, such as 1920x1080; the part is stretched to it.");
        Option<double?> magnification = SharedOptions.Number(
            "--magnification",
            "Pixels of OUTPUT per pixel of the described image, 0.01 to 256.",
            FieldView.MinimumMagnification,
            FieldView.MaximumMagnification,
            "2.5");
        Option<double?> left = SharedOptions.Number("--left", "Left edge of the part to draw, in pixels of the described image.", -LargestEdge, LargestEdge, "10");
        Option<double?> top = SharedOptions.Number("--top", "Top edge of the part.", -LargestEdge, LargestEdge, "10");
        Option<double?> width = SharedOptions.Number("--width", "Columns of the part; up to the right edge unless said.", 1e-3, LargestEdge, "64");
        Option<double?> height = SharedOptions.Number("--height", "Rows of the part; down to the bottom unless said.", 1e-3, LargestEdge, "64");
        Option<string> device = SharedOptions.Device();
        Option<int?> quality = SharedOptions.Quality();
        Option<bool> lossless = SharedOptions.Lossless();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace OUTPUT if it exists." };
        var command = new Command("render", "Draws a field of Gaussians, or a part of it, at any size. No network is run.")
        {
            input, target, size, magnification, left, top, width, height, device, quality, lossless, overwrite,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetResult(size) is null) == (result.GetResult(magnification) is null))
                result.AddError("Say how large to draw: --size WxH or --magnification M, one of them.");
            string? path = result.GetResult(target) is { Tokens: [var token, ..] } ? token.Value : null;
            SharedOptions.CheckWriting(result, quality, lossless, Path.GetExtension(path));
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            long start = Stopwatch.GetTimestamp();
            string fieldPath = parsed.GetRequiredValue(input);
            string imagePath = parsed.GetRequiredValue(target);
            if (!File.Exists(fieldPath) && !Directory.Exists(fieldPath))
                throw new FileNotFoundException($"There is no file {fieldPath}.");
            ImageFormat format = ImageFile.FormatFromExtension(imagePath);
            using AtomicFile file = FieldPaths.Create(imagePath, parsed.GetValue(overwrite));
            using TextReporter reporter = Reporter.ForText(Verbosity.Normal, output, error);
            FileReport report = reporter.Begin(1, fieldPath, imagePath);
            using Device opened = DeviceOpening.Open(parsed.GetRequiredValue(device), reporter);
            report.Stage(WorkStage.Reading);
            using GaussianField field = GaussianField.Load(fieldPath, opened);
            double partLeft = parsed.GetValue(left) ?? 0;
            double partTop = parsed.GetValue(top) ?? 0;
            FieldView view = View(
                field, partLeft, partTop, parsed.GetValue(width) ?? field.Width - partLeft, parsed.GetValue(height) ?? field.Height - partTop,
                parsed.GetValue(size), parsed.GetValue(magnification));
            ChannelLayout layout = field.IsGrey ? ChannelLayout.Grey : ChannelLayout.Rgb;
            ImageFile.CheckCanWrite(format, view.OutputWidth, view.OutputHeight, layout, field.BitDepth);
            report.Stage(WorkStage.Computing);
            Image image = Draw(field, view, layout, cancellation);
            report.Stage(WorkStage.Writing);
            ImageWriteOptions options = SharedOptions.Writing(parsed, quality, lossless) with { Cancellation = cancellation };
            file.Complete(stream => ImageFile.Write(stream, image, format, options));
            string seconds = Stopwatch.GetElapsedTime(start).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
            reporter.WriteResult($"{imagePath}: {view.OutputWidth}x{view.OutputHeight} of {field.Count} Gaussians, on {opened.Name}, {seconds} s");
            return ExitCode.Success;
        });
        return command;
    }

    private static FieldView View(
        GaussianField field, double left, double top, double width, double height, (int Width, int Height)? size, double? magnification)
    {
        if (!(width > 0 && height > 0))
            throw new ArgumentException($"The part begins at or beyond the edge of the described image, which has {field.Width}x{field.Height} pixels; give it a --width and --height.");
        FieldView view = size is (int outputWidth, int outputHeight)
            ? new FieldView(left, top, width, height, outputWidth, outputHeight)
            : FieldView.At(left, top, width, height, magnification!.Value);
        view.Validate();
        return view;
    }

    private static Image Draw(GaussianField field, in FieldView view, ChannelLayout layout, CancellationToken cancellation)
    {
        PixelLayout pixelLayout = layout == ChannelLayout.Grey ? PixelLayout.Grey : PixelLayout.Rgb;
        int samples = checked(view.OutputWidth * view.OutputHeight * layout.ChannelCount());
        if (field.BitDepth == 8)
        {
            var pixels = new byte[samples];
            field.Render<byte>(view, new(pixels, view.OutputWidth, view.OutputHeight, pixelLayout), cancellation: cancellation);
            return new Image(view.OutputWidth, view.OutputHeight, layout, pixels);
        }

        var deepPixels = new ushort[samples];
        field.Render<ushort>(view, new(deepPixels, view.OutputWidth, view.OutputHeight, pixelLayout), cancellation: cancellation);
        return new Image(view.OutputWidth, view.OutputHeight, layout, deepPixels);
    }
}
