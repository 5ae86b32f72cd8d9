using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// The second network of GSASR (Fea2GS), from the image's features and the scale to 16 Gaussians for each pixel. One Gaussian query for
/// each pixel goes through cross and self attention, two pixel shuffles turn it into 16, and five heads make the Gaussians.
/// </summary>
internal sealed class GaussianDecoder : IDisposable
{
    /// <summary>
    /// The most floats of a band: the last convolution and the heads run over bands of rows, because their activations are by far the largest.
    /// </summary>
    public const long LargestBandFloats = 12 << 20;

    // So many pixels around those whose Gaussians are wanted are upsampled too. The convolution that follows needs one. With two, it
    // cuts the image into the same patches wherever a tile begins.
    private const int UpsampledBorder = 2;

    private readonly WeightReader _weights;
    private readonly Tensor _seeds;
    private readonly ConvolutionWeights _project;
    private readonly ConvolutionWeights _projectAgain;
    private readonly DecoderBlock[] _crossBlocks;
    private readonly DecoderBlock[] _selfBlocks;
    private readonly ScaleConditioning _scale;
    private readonly ConvolutionWeights? _final;
    private readonly ConvolutionWeights _upsample;
    private readonly ConvolutionWeights _upsampleAgain;
    private readonly GaussianHeadsWeights _heads;
    private readonly int _channels;

    private GaussianDecoder(WeightReader weights, DecoderArchitecture architecture)
    {
        _weights = weights;
        _channels = weights.Padded(architecture.Channels);
        int window = architecture.WindowSize;
        bool enhanced = architecture.Kind == DecoderKind.Enhanced;
        _seeds = weights.Table("gs_embedding", window, architecture.Channels);
        Tensor positions = weights.Table("pos_embedding", window, architecture.Channels);
        PaddedChannels attentionHeads = weights.Heads(architecture.Channels, new WindowAttentionSettings(window, architecture.Heads), enhanced);
        _project = weights.Convolution("img_feat_proj.0");
        _projectAgain = weights.Convolution("img_feat_proj.2");

        var scaleLayers = new List<(ScaleAttention, float[])>();
        _crossBlocks = new DecoderBlock[architecture.CrossBlocks];
        for (int b = 0; b < _crossBlocks.Length; b++)
        {
            WeightReader block = weights.Below($"window_crossattn_blocks.{b}");
            var layers = new DecoderLayer[architecture.CrossLayers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = block.Below($"blocks.{l}");
                int shift = l % 2 == 0 ? 0 : window / 2;
                WindowAttentionSettings attention = Attention(layer.Below("window_cross_attn"), architecture, attentionHeads) with { KeyShift = shift };
                layers[l] = new CrossLayer(layer, scaleLayers.Count, positions, attention, attentionHeads);
                scaleLayers.Add((new ScaleAttention(layer.Below("gs_cross_attn_scale"), architecture.Channels), layer.Values("mlp_crossattn_scale.fc2.bias")));
            }

            _crossBlocks[b] = DecoderBlock.Load(block, layers, enhanced);
        }

        _selfBlocks = new DecoderBlock[architecture.SelfBlocks];
        for (int b = 0; b < _selfBlocks.Length; b++)
        {
            WeightReader block = weights.Below($"gs_selfattn_blocks.{b}");
            var layers = new DecoderLayer[architecture.SelfLayers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = block.Below($"blocks.{l}");
                int shift = l % 2 == 0 ? 0 : window / 2;
                WindowAttentionSettings attention = Attention(layer.Below("gs_self_attn"), architecture, attentionHeads) with { QueryShift = shift, KeyShift = shift };
                layers[l] = new SelfLayer(layer, scaleLayers.Count, attention, attentionHeads);
                scaleLayers.Add((new ScaleAttention(layer.Below("gs_cross_attn_scale"), architecture.Channels), layer.Values("mlp_crossattn.fc2.bias")));
            }

            _selfBlocks[b] = DecoderBlock.Load(block, layers, enhanced);
        }

        _scale = new ScaleConditioning(weights, architecture.Channels, scaleLayers);
        _final = enhanced ? weights.Convolution("conv_final") : null;
        _upsample = weights.Convolution("UPNet.0", pixelShuffle: true);
        _upsampleAgain = weights.Convolution("UPNet.2", pixelShuffle: true);
        string[] heads = ["mlp_block_sigma", "mlp_block_rho", "mlp_block_alpha", "mlp_block_rgb", "mlp_block_mean"];
        var single = new PaddedChannels(1, architecture.Channels, _channels);
        var inner = new PaddedChannels(1, 4 * architecture.Channels, 4 * _channels);
        (float[], float[])[] HeadLayers(int layer, PaddedChannels inputs, PaddedChannels? outputs) =>
            [.. heads.Select(head => HeadLayer(weights.Below(head), layer, inputs, outputs))];
        _heads = weights.Own(new GaussianHeadsWeights(
            weights.Device, _channels, HeadLayers(0, single, single), HeadLayers(2, single, inner), HeadLayers(4, inner, null), weights.ElementType));
    }

    /// <summary>Called, in tests, with the published name of a module and its output.</summary>
    internal Action<string, Tensor>? Tap { get; set; }

    /// <summary>Loads the decoder of a checkpoint.</summary>
    /// <param name="checkpoint">A checkpoint of that architecture.</param>
    /// <param name="architecture">The recognised decoder.</param>
    /// <param name="device">The device that will run it.</param>
    /// <param name="elementType">What is multiplied; the features are of this type.</param>
    /// <param name="meter">Told of every tensor that is read; null for nobody.</param>
    public static GaussianDecoder Load(
        Checkpoint checkpoint,
        DecoderArchitecture architecture,
        Device device,
        ElementType elementType = ElementType.Float32,
        LoadingMeter? meter = null)
    {
        var weights = new WeightReader(checkpoint, GsasrArchitecture.DecoderPrefix, device, elementType, meter);
        try
        {
            return new GaussianDecoder(weights, architecture);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The floats of the decoder's own activations, without the features.</summary>
    /// <param name="architecture">The decoder.</param>
    /// <param name="device">The device.</param>
    /// <param name="region">The pixels that go through it at once.</param>
    /// <param name="tiles">The sizes of the part of these pixels whose Gaussians are wanted.</param>
    /// <param name="bandFloats">As for <see cref="Run"/>.</param>
    public static long WorkingFloats(DecoderArchitecture architecture, Device device, in PixelRectangle region, in TileSizes tiles, long bandFloats)
    {
        int channels = architecture.Channels;
        long queries = (long)channels * region.Width * region.Height;
        int width = Math.Min(tiles.Width, region.Width);
        long cells = 8L * width * BandRows(architecture.Channels, width, Math.Min(tiles.Height, region.Height), bandFloats);
        long heads = UpsampledFloats(channels, region, tiles) + cells * channels + GaussianHeads.WorkingFloats(device, cells, channels);

        // Beside the queries, the blocks hold: features, state and inner state, and the normalised state with queries, keys and values.
        return queries + Math.Max(7 * queries, heads);
    }

    /// <summary>The floats that a band may have without the heads taking more memory than the blocks before them.</summary>
    /// <inheritdoc cref="WorkingFloats"/>
    public static long SpareBandFloats(DecoderArchitecture architecture, Device device, in PixelRectangle region, in TileSizes tiles)
    {
        int channels = architecture.Channels;
        long spare = 7L * channels * region.Width * region.Height - UpsampledFloats(channels, region, tiles);
        return Math.Min(LargestBandFloats, device is GpuDevice ? spare / (1 + GaussianHeadsWeights.HeadCount) : spare);
    }

    /// <summary>Computes the Gaussians of some rows and columns of pixels.</summary>
    /// <param name="features">[height, width, features], from the encoder; multiples of the window.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="parts">The pixels whose Gaussians are wanted; the others serve as their surroundings.</param>
    /// <param name="bandFloats">The most floats of a band of the last convolution's rows; it has one row at least.</param>
    /// <param name="pass">Memory and progress.</param>
    public void Run(in Tensor features, double scale, ReadOnlySpan<DecodedPart> parts, long bandFloats, ForwardPass pass)
    {
        _scale.Set(scale);
        Arena arena = pass.Arena;
        using Arena.Scope scope = arena.BeginScope();
        Tensor queries = arena.Allocate(features.Height, features.Width, _channels, features.ElementType);
        RunBlocks(features, queries, pass);
        pass.Mark(PipelineStage.DecoderBlocks);

        PixelRectangle seen = Surroundings(parts, features);
        Tensor upsampled = arena.Allocate(2 * seen.Height, 2 * seen.Width, _channels, features.ElementType);
        Convolution.Run(queries, _upsample, upsampled, firstRow: seen.Top, firstColumn: seen.Left);
        pass.Advance(seen.Height * (double)seen.Width * _upsample.MultiplyAddsPerPixel);
        foreach (DecodedPart part in parts)
            RunHeads(upsampled, seen, part, bandFloats, pass);
        pass.Mark(PipelineStage.Heads);
    }

    /// <summary>
    /// Whether values have left float16's range since the last call, so that Gaussians are wrong. Always false with float32. Waits for the
    /// device.
    /// </summary>
    public bool TakeOverflow() => _heads.TakeOverflow();

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();

    private static int BandRows(int channels, int width, int height, long bandFloats) =>
        (int)Math.Clamp(bandFloats / (8L * width * channels), 1, 2 * height);

    private static long UpsampledFloats(int channels, in PixelRectangle region, in TileSizes tiles) => 4L * channels
        * Math.Min(region.Width, tiles.Width + 2 * UpsampledBorder) * Math.Min(region.Height, tiles.Height + 2 * UpsampledBorder);

    // The pixels that the Gaussians of these parts are computed from.
    private static PixelRectangle Surroundings(ReadOnlySpan<DecodedPart> parts, in Tensor features)
    {
        int left = features.Width;
        int top = features.Height;
        int right = 0;
        int bottom = 0;
        foreach (DecodedPart part in parts)
        {
            left = Math.Min(left, part.Pixels.Left);
            top = Math.Min(top, part.Pixels.Top);
            right = Math.Max(right, part.Pixels.Left + part.Pixels.Width);
            bottom = Math.Max(bottom, part.Pixels.Top + part.Pixels.Height);
        }

        left = Math.Max(0, left - UpsampledBorder);
        top = Math.Max(0, top - UpsampledBorder);
        right = Math.Min(features.Width, right + UpsampledBorder);
        bottom = Math.Min(features.Height, bottom + UpsampledBorder);
        return new PixelRectangle(left, top, right - left, bottom - top);
    }

    private void RunHeads(in Tensor upsampled, in PixelRectangle seen, in DecodedPart part, long bandFloats, ForwardPass pass)
    {
        PixelRectangle pixels = part.Pixels;
        int bandRows = BandRows(_channels, pixels.Width, pixels.Height, bandFloats);
        int firstRow = 2 * (pixels.Top - seen.Top);
        int firstColumn = 2 * (pixels.Left - seen.Left);
        for (int row = 0; row < 2 * pixels.Height; row += bandRows)
        {
            int rows = Math.Min(bandRows, 2 * pixels.Height - row);
            using Arena.Scope band = pass.Arena.BeginScope();
            Tensor cells = pass.Arena.Allocate(2 * rows, GaussianFormat.CellsPerPixelSide * pixels.Width, _channels, upsampled.ElementType);
            Convolution.Run(upsampled, _upsampleAgain, cells, firstRow: firstRow + row, firstColumn: firstColumn);
            GaussianHeads.Run(
                cells, _heads, part.Gaussians.SliceRows(2 * row, 2 * rows), part.Placement.SliceRows(2 * row, 2 * rows), pass.Arena);
            pass.Advance(cells.Pixels / 4 * _upsampleAgain.MultiplyAddsPerPixel + cells.Pixels * GaussianHeads.MultiplyAddsPerCell(_channels));
        }
    }

    // Outputs of the last layer are not filled up.
    private static (float[] Weight, float[] Bias) HeadLayer(WeightReader head, int layer, PaddedChannels inputs, PaddedChannels? outputs)
    {
        float[] bias = head.Values($"{layer}.bias");
        float[] weight = inputs.Pad(head.Values($"{layer}.weight"), outer: bias.Length);
        return outputs is PaddedChannels filled ? (filled.Pad(weight, inner: inputs.PaddedCount), filled.Pad(bias)) : (weight, bias);
    }

    private static WindowAttentionSettings Attention(WeightReader attention, DecoderArchitecture architecture, in PaddedChannels heads)
    {
        var settings = new WindowAttentionSettings(architecture.WindowSize, architecture.Heads);
        if (architecture.Kind == DecoderKind.Enhanced)
            return settings with { Rotary = attention.Rotary("rope_freqs", architecture.WindowSize, heads) };
        long[] index = attention.Integers("relative_position_index");
        return settings with { Bias = attention.PositionBias("relative_position_bias_table", index, settings.QueryTokens) };
    }

    // The queries after all blocks, and the enhanced decoder's final convolution: what is upsampled.
    private void RunBlocks(in Tensor features, in Tensor queries, ForwardPass pass)
    {
        int height = features.Height;
        int width = features.Width;
        Arena arena = pass.Arena;
        using Arena.Scope scope = arena.BeginScope();
        Tensor projected = arena.Allocate(height, width, _channels, features.ElementType);
        Tensor x = arena.Allocate(height, width, _channels, features.ElementType);
        Convolution.Run(features, _project, x, Activation.Relu);
        Convolution.Run(x, _projectAgain, projected);
        Tap?.Invoke("img_feat_proj", projected);
        pass.Advance(features.Pixels * (_project.MultiplyAddsPerPixel + _projectAgain.MultiplyAddsPerPixel));

        Elementwise.Repeat(_seeds, x);
        RunBlocks(_crossBlocks, "window_crossattn_blocks", x, x, projected, pass);

        // The self blocks do not need the image's features any more, so the result goes into their memory.
        RunBlocks(_selfBlocks, "gs_selfattn_blocks", x, projected, projected, pass);
        if (_final is null)
        {
            Elementwise.Add(projected, x, queries);
        }
        else
        {
            Convolution.Run(projected, _final, queries, residual: x);
            pass.Advance(queries.Pixels * _final.MultiplyAddsPerPixel);
        }
    }

    private void RunBlocks(DecoderBlock[] blocks, string name, in Tensor x, in Tensor y, in Tensor features, ForwardPass pass)
    {
        for (int b = 0; b < blocks.Length; b++)
        {
            blocks[b].Run(b == 0 ? x : y, y, features, _scale, pass, Tap is null ? null : TapLayers($"{name}.{b}", Tap));
            Tap?.Invoke($"{name}.{b}", y);
        }
    }

    // A method of its own, so that only tests create closures.
    private static Action<int, Tensor> TapLayers(string block, Action<string, Tensor> tap) => (layer, result) => tap($"{block}.blocks.{layer}", result);
}
