using Gsasr.Cli.Reporting;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Upscaling;

/// <summary>All that <c>gsasr upscale</c> does when its arguments have been read.</summary>
/// <param name="request">What is asked for.</param>
internal sealed class UpscaleJob(UpscaleRequest request)
{
    /// <summary>Upscales the pictures.</summary>
    /// <param name="reporter">Takes what there is to say.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The exit code: success only if every output is there.</returns>
    public async Task<int> RunAsync(Reporter reporter, CancellationToken cancellation)
    {
        UpscalePlan plan = Plan(reporter);
        reporter.Report(new RunStarted(Program.Version, plan.Count));
        if (plan.FormerOutputs > 0)
            reporter.Report(new NoteMade($"{plan.FormerOutputs} of the pictures found are outputs for others, and were left out."));
        if (plan.Count == 0)
            reporter.Report(new NoteMade("None of the pictures is in this shard."));
        foreach (string folder in plan.Skipped.Select(picture => Path.GetDirectoryName(Path.GetFullPath(picture.Output))!).Distinct(FilePaths.Comparer))
            AtomicFile.RemoveAbandoned(folder);
        foreach (PlannedPicture picture in plan.Skipped)
            reporter.Begin(picture.Number, picture.Input.Path, picture.Output).Skipped(PictureReader.SkippedNote);
        int number = plan.Count - plan.Failures.Count;
        foreach ((string path, string reason) in plan.Failures)
            reporter.Begin(++number, path, request.Output).Failed(reason);
        using var pipeline = new BatchPipeline(request, plan, reporter);
        await pipeline.RunAsync(cancellation).ConfigureAwait(false);
        return reporter.Failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    // A run that is refused begins too, as readers of its events expect; of its files nothing is known.
    private UpscalePlan Plan(Reporter reporter)
    {
        try
        {
            return UpscalePlan.Create(request);
        }
        catch
        {
            reporter.Report(new RunStarted(Program.Version, Files: 0));
            throw;
        }
    }
}
