using Gsasr.Architecture;
using Gsasr.Encoders;
using Gsasr.Layers;

namespace Gsasr.Bench;

/// <summary>The encoders, layer by layer as PyTorch runs them under autocast.</summary>
/// <param name="weights">The encoder's weights.</param>
internal sealed class AutocastEncoder(AutocastModule weights)
{
    /// <summary>The features of an image.</summary>
    /// <param name="image">[height, width, 3] of float32.</param>
    /// <param name="architecture">The encoder.</param>
    public AutocastTensor Run(AutocastTensor image, EncoderArchitecture architecture) => architecture switch
    {
        EdsrArchitecture edsr => RunEdsr(image, edsr),
        RdnArchitecture rdn => RunRdn(image, rdn),
        SwinIrArchitecture swin => RunTransformer(image, swin.Groups, (group, x) => RunSwinGroup(group, x, swin)),
        HatLArchitecture hat => RunTransformer(image, hat.Groups, (group, x) => RunHatGroup(group, x, hat)),
        _ => throw new ArgumentException($"There is no emulation of {architecture.Name}.", nameof(architecture)),
    };

    private AutocastTensor RunEdsr(AutocastTensor image, EdsrArchitecture architecture)
    {
        AutocastTensor x = weights.Product(image, "conv_first");
        for (int block = 0; block < architecture.Blocks; block++)
            x = x.Plus(weights.Below($"body.{block}").Perceptron(x, "conv1", "conv2"));
        return weights.Product(x, "conv_after_body");
    }

    private AutocastTensor RunRdn(AutocastTensor image, RdnArchitecture architecture)
    {
        AutocastTensor first = weights.Product(image, "SFENet1");
        AutocastTensor x = weights.Product(first, "SFENet2");
        var outputs = new List<AutocastTensor>();
        for (int i = 0; i < architecture.Blocks; i++)
        {
            AutocastModule block = weights.Below($"RDBs.{i}");
            AutocastTensor dense = x;
            for (int layer = 0; layer < architecture.Layers; layer++)
                dense = AutocastTensor.Concatenate(dense, block.Product(dense, $"convs.{layer}.conv.0").Relu());
            x = block.Product(dense, "LFF").Plus(x);
            outputs.Add(x);
        }

        return weights.Product(weights.Product(AutocastTensor.Concatenate(outputs), "GFF.0"), "GFF.1").Plus(first);
    }

    private AutocastTensor RunTransformer(AutocastTensor image, int groups, Func<AutocastModule, AutocastTensor, AutocastTensor> run)
    {
        AutocastTensor first = weights.Product(image, "conv_first");
        AutocastTensor x = weights.Norm(first, "patch_embed.norm");
        for (int i = 0; i < groups; i++)
        {
            AutocastModule group = weights.Below($"layers.{i}");
            x = group.Product(run(group.Below("residual_group"), x), "conv").Plus(x);
        }

        x = weights.Product(weights.Norm(x, "norm"), "conv_after_body").Plus(first);
        return weights.Product(x, "conv_before_upsample.0").LeakyRelu();
    }

    private static AutocastTensor RunSwinGroup(AutocastModule group, AutocastTensor x, SwinIrArchitecture architecture)
    {
        long[] index = RelativePositions(architecture.WindowSize);
        for (int i = 0; i < architecture.Layers; i++)
        {
            AutocastModule layer = group.Below($"blocks.{i}");
            int shift = i % 2 * architecture.WindowSize / 2;
            var attention = new AutocastAttention(
                new WindowAttentionSettings(architecture.WindowSize, architecture.Heads) { QueryShift = shift, KeyShift = shift, MaskWrapped = true })
            {
                Bias = AutocastAttention.PositionBias(layer.Values("attn.relative_position_bias_table"), index, architecture.Heads),
            };
            x = x.Plus(Attend(layer.Below("attn"), layer.Norm(x, "norm1"), attention));
            x = AddPerceptron(layer, x);
        }

        return x;
    }

    private static AutocastTensor RunHatGroup(AutocastModule group, AutocastTensor x, HatLArchitecture architecture)
    {
        for (int i = 0; i < architecture.Layers; i++)
        {
            AutocastModule layer = group.Below($"blocks.{i}");
            AutocastTensor normal = layer.Norm(x, "norm1");
            AutocastTensor attended = Attend(layer.Below("attn"), normal, HatAttention(layer.Below("attn"), architecture, i % 2 * HatLArchitecture.WindowSize / 2, overlapping: 0));
            x = x.Plus(attended).Plus(RunConvolutionBranch(layer.Below("conv_block.cab"), normal).Times(0.01f));
            x = AddPerceptron(layer, x);
        }

        AutocastModule overlap = group.Below("overlap_attn");
        AutocastAttention attention = HatAttention(overlap, architecture, shift: 0, HatLArchitecture.OverlappingWindowSize);
        return AddPerceptron(overlap, Attend(overlap, overlap.Norm(x, "norm1"), attention).Plus(x));
    }

    private static AutocastAttention HatAttention(AutocastModule attention, HatLArchitecture architecture, int shift, int overlapping) => new(
        new WindowAttentionSettings(HatLArchitecture.WindowSize, architecture.Heads) { QueryShift = shift, KeyShift = shift, OverlappingKeyWindowSize = overlapping })
    {
        Frequencies = attention.Values("rope_freqs"),
    };

    private static AutocastTensor RunConvolutionBranch(AutocastModule branch, AutocastTensor x)
    {
        AutocastTensor y = branch.Perceptron(x, "0", "2", gelu: true);
        return y.Times(branch.Below("3.attention").Perceptron(y.Mean(), "1", "3").Sigmoid());
    }

    private static AutocastTensor Attend(AutocastModule layer, AutocastTensor x, AutocastAttention attention)
    {
        AutocastTensor all = layer.Product(x, "qkv");
        int channels = x.Channels;
        return layer.Product(attention.Run(all.Slice(0, channels), all.Slice(channels, channels), all.Slice(2 * channels, channels)), "proj");
    }

    private static AutocastTensor AddPerceptron(AutocastModule layer, AutocastTensor x) =>
        x.Plus(layer.Perceptron(layer.Norm(x, "norm2"), "mlp.fc1", "mlp.fc2", gelu: true));

    // Swin's formula.
    private static long[] RelativePositions(int window)
    {
        int tokens = window * window;
        return
        [
            .. Enumerable.Range(0, tokens * tokens).Select(pair =>
            {
                (int query, int key) = (pair / tokens, pair % tokens);
                return (query / window - key / window + window - 1L) * (2 * window - 1) + query % window - key % window + window - 1;
            }),
        ];
    }
}
