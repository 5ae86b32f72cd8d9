using System.CommandLine;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>
/// How near PyTorch's autocast to bfloat16, emulated on the processor, comes to what the published code computed in float64. Without rounding, the emulation has to come as near as float32.
/// </summary>
internal static class AutocastCommand
{
    private const float Scale = 4;
    private const double ExactTolerance = 1e-5;

    public static Command Create()
    {
        var command = new Command("autocast", "Errors of bfloat16 autocast, emulated, against tests/data/golden.");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        using var device = new CpuDevice();
        var table = new TextTable("model", "features, float32", "Gaussians", "features, bfloat16", "Gaussians");
        bool isExact = true;
        foreach (string model in SeededCheckpoint.ModelNames)
        {
            (double exactFeatures, double exactGaussians) = Errors(model, device, rounds: false);
            (double features, double gaussians) = Errors(model, device, rounds: true);
            table.Add(model, $"{exactFeatures:0.0e-0}", $"{exactGaussians:0.0e-0}", $"{features:0.0e-0}", $"{gaussians:0.0e-0}");
            isExact &= Math.Max(exactFeatures, exactGaussians) <= ExactTolerance;
        }

        table.Print();
        return isExact ? 0 : 1;
    }

    private static (double Features, double Gaussians) Errors(string model, CpuDevice device, bool rounds)
    {
        using Checkpoint checkpoint = SeededCheckpoint.Open(model);
        using Golden golden = Golden.Open(model);
        var architecture = GsasrArchitecture.Recognise(checkpoint);
        int[] shape = golden.Shape("input");
        var image = new AutocastTensor(shape[0], shape[1], 3, [.. golden.Bytes("input").Select(value => value / 255f)]);
        AutocastTensor features = new AutocastEncoder(new(checkpoint, GsasrArchitecture.EncoderPrefix, device, rounds)).Run(image, architecture.Encoder);
        AutocastTensor gaussians = new AutocastDecoder(new(checkpoint, GsasrArchitecture.DecoderPrefix, device, rounds), architecture.Decoder).Run(features, Scale);
        float[] expected = golden.Floats("features");
        int pixels = shape[0] * shape[1];
        float[] ordered = [.. features.Values.Select((_, i) => expected[i % features.Channels * pixels + i / features.Channels])];
        return (RelativeError.Of(ordered, features.Values), RelativeError.Of(golden.Floats("gaussians.x4"), gaussians.Values));
    }
}
