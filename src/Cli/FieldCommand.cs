using System.CommandLine;
using Gsasr.Cli.Models;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary><c>gsasr field IMAGE FIELD</c>.</summary>
internal static class FieldCommand
{
    public static Command Create(TextWriter output, TextWriter error)
    {
        var input = new Argument<string>("IMAGE") { Description = "The image to describe." };
        var target = new Argument<string>("FIELD") { Description = "The field to write, a .safetensors file." };
        UpscaleCommand.RequireText(input.Validators, "IMAGE is empty; name the image to describe.");
        UpscaleCommand.RequireText(target.Validators, "FIELD is empty; name the file to write.");
        Option<double?> scale = SharedOptions.Number(
            "--scale",
            "The scale for which the network makes the Gaussians, 1 to 64; 4 unless said. Drawn at this scale the field is what upscale gives.",
            Upscaler.MinimumScale,
            Upscaler.MaximumScale,
            "2.5");
        Option<string> model = SharedOptions.Model();
        Option<string> device = SharedOptions.Device();
        Option<Precision?> precision = SharedOptions.Precision("It is auto unless said.");
        Option<bool> quantised = SharedOptions.Quantised();
        Option<long?> maxPixels = SharedOptions.MaxPixels();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace FIELD if it exists." };
        var command = new Command("field", "Keeps an image as Gaussians in a file, to be drawn by 'gsasr render' at any size.")
        {
            input, target, scale, model, device, precision, quantised, maxPixels, overwrite,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string imagePath = parsed.GetRequiredValue(input);
            string fieldPath = parsed.GetRequiredValue(target);
            FieldPaths.CheckDiffer(imagePath, fieldPath);
            using AtomicFile file = FieldPaths.Create(fieldPath, parsed.GetValue(overwrite));
            using TextReporter reporter = Reporter.ForText(Verbosity.Normal, output, error);
            FileReport report = reporter.Begin(1, imagePath, fieldPath);
            report.Stage(WorkStage.Reading);
            Image image = FieldPaths.ReadImage(imagePath, parsed.GetValue(maxPixels), report);
            reporter.Report(new StageStarted(WorkStage.LoadingModel));
            GsasrModel loaded = ModelStore.Load(parsed.GetRequiredValue(model), cancellation);
            using Device opened = DeviceOpening.Open(parsed.GetRequiredValue(device), reporter);
            var options = new UpscalerOptions { Precision = parsed.GetValue(precision) ?? Precision.Auto };
            using var upscaler = new Upscaler(loaded, opened, options, cancellation: cancellation);
            report.Stage(WorkStage.Computing);
            using GaussianField field = await Task.Run(
                () => Build(upscaler, image, parsed.GetValue(scale) ?? 4, report, cancellation), cancellation).ConfigureAwait(false);
            if (upscaler.WasRepeated)
                report.Note(SharedOptions.RepeatedNote);
            report.Stage(WorkStage.Writing);
            file.Complete(stream => field.Save(stream, fieldPath, parsed.GetValue(quantised)));
            reporter.WriteResult($"{fieldPath}: {image.Width}x{image.Height}, {field.Count} Gaussians, {loaded.Name} on {opened.Name}");
            return ExitCode.Success;
        });
        return command;
    }

    private static GaussianField Build(
        Upscaler upscaler, Image image, double scale, IProgress<double> progress, CancellationToken cancellation)
    {
        PixelLayout layout = FieldPaths.LayoutOf(image);
        return image.BitDepth == 8
            ? upscaler.BuildField<byte>(new(image.Samples8, image.Width, image.Height, layout), scale, progress, cancellation)
            : upscaler.BuildField<ushort>(new(image.Samples16, image.Width, image.Height, layout), scale, progress, cancellation);
    }
}
