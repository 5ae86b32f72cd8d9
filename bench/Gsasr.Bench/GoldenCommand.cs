using System.CommandLine;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>
/// How near float32 and mixed precision come to what the published code computed in float64, on a machine without .NET, where the tests of the same numbers (GoldenTests)
/// do not run.
/// </summary>
internal static class GoldenCommand
{
    private const double NetworkTolerance = 1e-5;
    private const double MostTolerance = 2e-4;
    private const double AllTolerance = 3e-3;

    private static readonly double[] s_scales = [2, 3.3, 4];

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string?> asHardware = CommandOptions.AsHardware();
        var precision = new Option<Precision>("--precision") { Description = "float32 or mixed", DefaultValueFactory = _ => Precision.Float32 };
        precision.AcceptOnlyFromAmong("float32", "mixed");
        var command = new Command("golden", "Errors of networks and images against tests/data/golden.") { device, asHardware, precision };
        command.SetAction(result =>
        {
            using Device opened = CommandOptions.Open(result, device, asHardware);
            return Run(opened, result.GetValue(precision));
        });
        return command;
    }

    private static int Run(Device device, Precision precision)
    {
        Console.WriteLine($"## Errors of {precision} against the published code in float64, on {device.Name} ({device.Kind})");
        Console.WriteLine();
        var table = new TextTable(
            "model", "features", "largest of a module", "Gaussians", "image x2 99.9 %", "all", "image x3.3 99.9 %", "all", "image x4 99.9 %", "all", "within the tests' tolerance");
        bool allFit = true;
        bool anyRan = false;
        foreach (string model in SeededCheckpoint.ModelNames.Where(name => File.Exists(TestData.GoldenFile($"{name}.safetensors"))))
        {
            Upscaler upscaler;
            try
            {
                upscaler = new Upscaler(new GsasrModel(() => SeededCheckpoint.Open(model)), device, UpscalerOptions.AsPublished with { Precision = precision });
            }
            catch (NotSupportedException e)
            {
                Console.WriteLine(e.Message);
                continue;
            }

            using Upscaler opened = upscaler;
            using Golden golden = Golden.Open(model);
            (double features, double modules, double gaussians) = Network(device, SeededCheckpoint.Open(model), precision == Precision.Mixed ? ElementType.Float16 : ElementType.Float32, golden);
            var cells = new List<string> { model, $"{features:e2}", modules > 0 ? $"{modules:e2}" : "", $"{gaussians:e2}" };
            bool fits = Math.Max(features, Math.Max(modules, gaussians)) <= NetworkTolerance;
            foreach (double scale in s_scales)
            {
                (double most, double all) = Picture(upscaler, golden, scale);
                cells.Add($"{most:e2}");
                cells.Add($"{all:e2}");
                fits &= most <= MostTolerance && all <= AllTolerance;
            }

            cells.Add(fits ? "yes" : "NO");
            table.Add([.. cells]);
            allFit &= fits;
            anyRan = true;
        }

        table.Print();
        return anyRan && (allFit || precision != Precision.Float32) ? 0 : 1;
    }

    private static (double Features, double Modules, double Gaussians) Network(Device device, Checkpoint opened, ElementType type, Golden golden)
    {
        using Checkpoint checkpoint = opened;
        GsasrArchitecture architecture = GsasrArchitecture.Recognise(checkpoint);
        using Encoder encoder = Encoder.Load(checkpoint, architecture.Encoder, device, type);
        using GaussianDecoder decoder = GaussianDecoder.Load(checkpoint, architecture.Decoder, device, type);
        using var arena = new Arena(device);
        var pass = new ForwardPass(arena);
        int[] shape = golden.Shape("input");
        Tensor image = device.Upload([.. golden.Bytes("input").Select(value => value / 255f)], shape[0], shape[1], 3);
        using Arena.Scope scope = arena.BeginScope();
        Tensor features = arena.Allocate(shape[0], shape[1], encoder.Features, type);
        encoder.Run(image, features, pass);
        double ofFeatures = RelativeError.Of(golden.Floats("features"), Planar(features));

        double ofModules = 0;
        decoder.Tap = (module, tensor) =>
        {
            string name = $"tap.{module}";
            if (!golden.Has(name))
                return;
            Tensor counted = tensor.SliceChannels(0, architecture.Decoder.Channels);
            float[] actual = golden.Shape(name).Length == 4 ? Planar(counted) : Windows(counted, architecture.Decoder.WindowSize);
            ofModules = Math.Max(ofModules, RelativeError.Of(golden.Floats(name), actual));
        };
        (int height, int width) = (4 * shape[0], 4 * shape[1]);
        Tensor gaussians = arena.Allocate(height, width, GaussianFormat.Raw.Columns);
        var placement = new GridPlacement(height, width, Centres(device, height), Centres(device, width));
        decoder.Run(
            features, 4, [new DecodedPart(new PixelRectangle(0, 0, shape[1], shape[0]), placement, gaussians)], GaussianDecoder.LargestBandFloats, pass);
        return (ofFeatures, ofModules, RelativeError.Of(golden.Floats("gaussians.x4"), gaussians.SliceChannels(0, GaussianFormat.Raw.PublishedColumns).ToArray()));
    }

    private static (double Most, double All) Picture(Upscaler upscaler, Golden golden, double scale)
    {
        int[] shape = golden.Shape("input");
        using GaussianField field = upscaler.BuildField<byte>(new(golden.Bytes("input"), shape[1], shape[0], PixelLayout.Rgb), scale);
        float[] expected = golden.Floats(FormattableString.Invariant($"image.x{scale}"));
        var actual = new float[expected.Length];
        field.RenderSums(actual);
        double[] errors = [.. expected.Zip(actual, (e, a) => Math.Abs(e - (double)a)).Order()];
        return (errors[(int)(0.999 * (errors.Length - 1))], errors[^1]);
    }

    private static Tensor Centres(Device device, int count)
    {
        var centres = new float[count];
        GridPlacement.ComputeCentres(count, 0, centres);
        return device.Upload(centres, 1, 1, count);
    }

    private static float[] Values(in Tensor tensor)
    {
        if (tensor.ElementType == ElementType.Float32)
            return tensor.ToArray();
        var values = new Half[tensor.Pixels * tensor.Pitch];
        tensor.Buffer.Download<Half>(values, tensor.ByteOffset);
        int channels = tensor.Channels;
        int pitch = tensor.Pitch;
        return [.. Enumerable.Range(0, tensor.Pixels * channels).Select(i => (float)values[i / channels * pitch + i % channels])];
    }

    // [height, width, channels] as [channels, height, width].
    private static float[] Planar(in Tensor tensor)
    {
        float[] values = Values(tensor);
        var planar = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            planar[i % tensor.Channels * tensor.Pixels + i / tensor.Channels] = values[i];
        return planar;
    }

    // [height, width, channels] as [windows, tokens, channels].
    private static float[] Windows(in Tensor tensor, int window)
    {
        float[] values = Values(tensor);
        var windows = new float[values.Length];
        int inRow = tensor.Width / window;
        for (int pixel = 0; pixel < tensor.Pixels; pixel++)
        {
            int row = pixel / tensor.Width;
            int column = pixel % tensor.Width;
            int token = (row / window * inRow + column / window) * window * window + row % window * window + column % window;
            values.AsSpan(pixel * tensor.Channels, tensor.Channels).CopyTo(windows.AsSpan(token * tensor.Channels));
        }

        return windows;
    }
}
