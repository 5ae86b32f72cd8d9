using System.Diagnostics;
using Gsasr.Checkpoints;
using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>The largest published architecture, with seeded weights, from its two files to an image.</summary>
public sealed class LargeModelTests(ITestOutputHelper output)
{
    [Fact]
    public async Task HAT_L_is_held_in_memory_once()
    {
        using var folder = new TemporaryFolder();
        long weights;
        using (var seeded = SeededCheckpoint.OpenWithAllBuffers("hatl"))
        {
            weights = seeded.Tensors.Values.Sum(tensor => tensor.ByteCount);
            PyTorchWriter.WriteModel(folder.Path, seeded);
        }

        string converted = folder.File("hatl.safetensors");
        using (ModelCheckpoint model = ModelCheckpoint.Open(folder.Path))
            Assert.Equal("hatl", ModelConverter.Convert(model, converted, overwrite: false).Name);
        Pictures.Write(folder.File("in.png"), 16, 16);

        var peaks = new long[2];
        foreach ((int run, string path) in new[] { folder.Path, converted }.Index())
        {
            long start = Stopwatch.GetTimestamp();
            using Process process = CommandLine.Start(
                folder.Path, "upscale", "in.png", $"out{run}.png", "-s", "2", "-d", "cpu", "-m", path);
            CancellationToken cancellation = TestContext.Current.CancellationToken;
            Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
            Task<string> text = process.StandardOutput.ReadToEndAsync(cancellation);
            while (!process.WaitForExit(5))
            {
                try
                {
                    process.Refresh();
                    peaks[run] = Math.Max(peaks[run], process.PeakWorkingSet64);
                }
                catch (InvalidOperationException) when (process.HasExited)
                {
                    // It ended between two looks; the peak of the look before stands.
                }
            }

            Assert.True(process.ExitCode == ExitCode.Success, await error);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            output.WriteLine(FormattableString.Invariant($"{Path.GetFileName(path)}: {seconds:0.0} s, {await text}"));
            output.WriteLine($"peak {peaks[run] >> 20} MiB for {weights >> 20} MiB of weights");
            Image image = ImageFile.Read(folder.File($"out{run}.png"));
            Assert.Equal((32, 32), (image.Width, image.Height));
        }

        Assert.Equal(File.ReadAllBytes(folder.File("out0.png")), File.ReadAllBytes(folder.File("out1.png")));
        Assert.All(peaks, peak => Assert.InRange(peak, weights, 2 * weights));
    }
}
