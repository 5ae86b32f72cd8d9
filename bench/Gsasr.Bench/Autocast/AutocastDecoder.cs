using Gsasr.Architecture;
using Gsasr.Layers;

namespace Gsasr.Bench;

/// <summary>
/// The decoder, layer by layer as PyTorch runs it under autocast. Attention to the scale token is the one thing that is not computed pixel by pixel: its keys are all the same, so that
/// its weights are too, and queries do not count.
/// </summary>
/// <param name="weights">The decoder's weights.</param>
/// <param name="architecture">The decoder.</param>
internal sealed class AutocastDecoder(AutocastModule weights, DecoderArchitecture architecture)
{
    private bool IsEnhanced => architecture.Kind == DecoderKind.Enhanced;

    /// <summary>The Gaussians of an image.</summary>
    /// <param name="features">[height, width, features].</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <returns>[4 height, 4 width, 9], raw.</returns>
    public AutocastTensor Run(AutocastTensor features, float scale)
    {
        AutocastTensor token = weights.Perceptron(new AutocastTensor(1, 1, 1, [1 / scale]), "scale_mlp.0", "scale_mlp.2");
        AutocastTensor image = weights.Perceptron(features, "img_feat_proj.0", "img_feat_proj.2");
        AutocastTensor positions = Repeat("pos_embedding", image);
        AutocastTensor x = Repeat("gs_embedding", image);
        for (int block = 0; block < architecture.CrossBlocks; block++)
            x = RunBlock(weights.Below($"window_crossattn_blocks.{block}"), x, architecture.CrossLayers, (layer, i, state) => Cross(layer, i, state, positions, image, token));
        AutocastTensor crossed = x;
        for (int block = 0; block < architecture.SelfBlocks; block++)
            x = RunBlock(weights.Below($"gs_selfattn_blocks.{block}"), x, architecture.SelfLayers, (layer, i, state) => Self(layer, i, state, token));
        x = (IsEnhanced ? weights.Product(x, "conv_final") : x).Plus(crossed);
        x = weights.Product(weights.Product(x, "UPNet.0").Shuffle(), "UPNet.2").Shuffle();
        string[] heads = ["sigma", "rho", "alpha", "rgb"];
        return AutocastTensor.Concatenate([.. heads.Select(head => Head(head, x)), Means(Head("mean", x))]);
    }

    private AutocastTensor Head(string name, AutocastTensor x)
    {
        AutocastModule head = weights.Below($"mlp_block_{name}");
        return head.Product(head.Perceptron(x, "0", "2").Relu(), "4");
    }

    // Offsets in cells, divided in their own type, and added to the centres of float32.
    private static AutocastTensor Means(AutocastTensor offsets)
    {
        var columns = new float[offsets.Width];
        var rows = new float[offsets.Height];
        GridPlacement.ComputeCentres(columns.Length, 0, columns);
        GridPlacement.ComputeCentres(rows.Length, 0, rows);
        float[] values = [.. offsets.Values.Select((value, i) => value / (i % 2 == 0 ? offsets.Width : offsets.Height))];
        var divided = new AutocastTensor(offsets.Height, offsets.Width, 2, values, offsets.IsBfloat16);
        float[] centres = [.. offsets.Values.Select((_, i) => i % 2 == 0 ? columns[i / 2 % offsets.Width] : rows[i / 2 / offsets.Width])];
        return divided.Plus(new AutocastTensor(offsets.Height, offsets.Width, 2, centres));
    }

    private AutocastTensor Repeat(string name, AutocastTensor grid)
    {
        int window = architecture.WindowSize;
        int channels = architecture.Channels;
        float[] table = weights.Values(name);
        var values = new float[grid.Height * grid.Width * channels];
        for (int pixel = 0; pixel < grid.Height * grid.Width; pixel++)
        {
            int token = pixel / grid.Width % window * window + pixel % grid.Width % window;
            table.AsSpan(token * channels, channels).CopyTo(values.AsSpan(pixel * channels));
        }

        return new(grid.Height, grid.Width, channels, values);
    }

    private AutocastTensor RunBlock(AutocastModule block, AutocastTensor x, int layers, Func<AutocastModule, int, AutocastTensor, AutocastTensor> run)
    {
        AutocastTensor y = block.Norm(x, "norm");
        for (int i = 0; i < layers; i++)
            y = run(block.Below($"blocks.{i}"), i, y);
        y = block.Perceptron(y, "mlp.0", "mlp.2");
        return x.Plus(IsEnhanced ? block.Product(y, "conv") : y);
    }

    private AutocastTensor Cross(AutocastModule layer, int index, AutocastTensor x, AutocastTensor positions, AutocastTensor image, AutocastTensor token)
    {
        x = x.Plus(AttendToScale(layer.Below("gs_cross_attn_scale"), token));
        x = AddPerceptron(layer, x, "norm2", "mlp_crossattn_scale");
        AutocastModule attention = layer.Below("window_cross_attn");
        x = x.Plus(Attend(attention, layer.Norm(x, "norm3").Plus(positions), image, queryShift: 0, keyShift: Shift(index)));
        return AddPerceptron(layer, x, "norm4", "mlp_crossattn_feature");
    }

    private AutocastTensor Self(AutocastModule layer, int index, AutocastTensor x, AutocastTensor token)
    {
        x = x.Plus(AttendToScale(layer.Below("gs_cross_attn_scale"), token));
        x = AddPerceptron(layer, x, "norm4", "mlp_crossattn");
        AutocastTensor normal = layer.Norm(x, "norm1");
        x = x.Plus(Attend(layer.Below("gs_self_attn"), normal, normal, Shift(index), Shift(index)));
        return AddPerceptron(layer, x, "norm2", "mlp_selfattn");
    }

    private int Shift(int index) => index % 2 * architecture.WindowSize / 2;

    private static AutocastTensor AddPerceptron(AutocastModule layer, AutocastTensor x, string norm, string mlp) =>
        x.Plus(layer.Perceptron(layer.Norm(x, norm), $"{mlp}.fc1", $"{mlp}.fc2"));

    private AutocastTensor Attend(AutocastModule layer, AutocastTensor x, AutocastTensor from, int queryShift, int keyShift)
    {
        var settings = new WindowAttentionSettings(architecture.WindowSize, architecture.Heads) { QueryShift = queryShift, KeyShift = keyShift };
        AutocastAttention attention = IsEnhanced
            ? new(settings) { Frequencies = layer.Values("rope_freqs") }
            : new(settings)
            {
                Bias = AutocastAttention.PositionBias(layer.Values("relative_position_bias_table"), layer.Integers("relative_position_index"), architecture.Heads),
            };
        return layer.Product(attention.Run(layer.Product(x, "qhead"), layer.Product(from, "khead"), layer.Product(from, "vhead")), "proj");
    }

    // The softmax of equal scores is 1 / seeds for each key, rounded like all weights of attention.
    private AutocastTensor AttendToScale(AutocastModule layer, AutocastTensor token)
    {
        int channels = architecture.Channels;
        AutocastTensor value = layer.Product(token, layer.Values("in_proj_weight")[(2 * channels * channels)..], layer.Values("in_proj_bias")[(2 * channels)..]);
        var weight = new AutocastTensor(1, 1, 1, [1f / architecture.Seeds], value.IsBfloat16);
        return layer.Product(value.Times(architecture.Seeds * weight.Values[0]), "out_proj");
    }
}
