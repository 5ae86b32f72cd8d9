using System.CommandLine;
using Gsasr.Fitting;

namespace Gsasr.Cli;

/// <summary><c>gsasr fit IMAGE FIELD --gaussians N</c>.</summary>
internal static class FitCommand
{
    private const int DefaultIterations = 3000;

    public static Command Create(TextWriter output, TextWriter error)
    {
        var input = new Argument<string>("IMAGE") { Description = "The image to describe." };
        var target = new Argument<string>("FIELD") { Description = "The field to write, a .safetensors file." };
        UpscaleCommand.RequireText(input.Validators, "IMAGE is empty; name the image to describe.");
        UpscaleCommand.RequireText(target.Validators, "FIELD is empty; name the file to write.");
        Option<int?> gaussians = SharedOptions.Whole("--gaussians", "How many Gaussians.", 1, FitOptions.MaximumGaussians);
        gaussians.Required = true;
        Option<double?> seconds = SharedOptions.Number("--seconds", "How long to work.", 0.1, 1e7, "60");
        Option<int?> iterations = SharedOptions.Whole("--iterations", $"How many steps to make; {DefaultIterations} unless said.", 1, int.MaxValue);
        Option<int?> seed = SharedOptions.Whole("--seed", "Where random numbers start; 0 unless said.", int.MinValue, int.MaxValue);
        var state = new Option<string?>("--state")
        {
            Description = "A file that keeps the work when it is stopped, and every minute. If it is there, the work goes on from it.",
        };
        UpscaleCommand.RequireText(state.Validators, "--state is empty; name a file.");
        Option<string> device = SharedOptions.Device();
        Option<bool> quantised = SharedOptions.Quantised();
        Option<long?> maxPixels = SharedOptions.MaxPixels();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace FIELD if it exists." };
        var command = new Command("fit", "Finds Gaussians whose sum is an image, by gradient descent, and keeps them in a file.")
        {
            input, target, gaussians, seconds, iterations, seed, state, device, quantised, maxPixels, overwrite,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(seconds) is not null && result.GetResult(iterations) is not null)
                result.AddError("--seconds and --iterations exclude each other; give one of them.");
        });
        command.SetAction((parsed, cancellation) => new FitJob
        {
            ImagePath = parsed.GetRequiredValue(input),
            FieldPath = parsed.GetRequiredValue(target),
            Options = new FitOptions { Gaussians = parsed.GetValue(gaussians)!.Value, Seed = parsed.GetValue(seed) ?? 0 },
            Seconds = parsed.GetValue(seconds),
            Iterations = parsed.GetValue(iterations) ?? DefaultIterations,
            StatePath = parsed.GetValue(state),
            Device = parsed.GetRequiredValue(device),
            Quantised = parsed.GetValue(quantised),
            MaxPixels = parsed.GetValue(maxPixels),
            Overwrite = parsed.GetValue(overwrite),
        }.RunAsync(output, error, cancellation));
        return command;
    }
}
