using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// The second network of GSASR (Fea2GS): from the image's features and the scale to 16 Gaussians for each pixel. One Gaussian
/// query per pixel goes through cross and self attention; two pixel shuffles make 16 of it, and five heads read the Gaussians.
/// </summary>
internal sealed class GaussianDecoder : IDisposable
{
    /// <summary>Cells of the Gaussian grid along a side of a pixel.</summary>
    public const int CellsPerPixel = 4;

    // The last convolution and the heads run over bands of rows, because their activations are by far the largest.
    private const long BandFloats = 12 << 20;

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
        _channels = architecture.Channels;
        int window = architecture.WindowSize;
        bool enhanced = architecture.Kind == DecoderKind.Enhanced;
        _seeds = weights.Upload(weights.Values("gs_embedding"), window, window, _channels);
        Tensor positions = weights.Upload(weights.Values("pos_embedding"), window, window, _channels);
        _project = weights.Convolution("img_feat_proj.0");
        _projectAgain = weights.Convolution("img_feat_proj.2");

        var scaleLayers = new List<(ScaleAttention, float[])>();
        _crossBlocks = new DecoderBlock[architecture.CrossBlocks];
        for (int b = 0; b < _crossBlocks.Length; b++)
        {
            WeightReader block = weights.Under($"window_crossattn_blocks.{b}");
            var layers = new DecoderLayer[architecture.CrossLayers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = block.Under($"blocks.{l}");
                int shift = l % 2 == 0 ? 0 : window / 2;
                WindowAttentionSettings attention = Attention(layer.Under("window_cross_attn"), architecture) with { KeyShift = shift };
                layers[l] = new CrossLayer(layer, scaleLayers.Count, positions, attention);
                scaleLayers.Add((new ScaleAttention(layer.Under("gs_cross_attn_scale"), _channels), layer.Values("mlp_crossattn_scale.fc2.bias")));
            }

            _crossBlocks[b] = DecoderBlock.Load(block, layers, enhanced);
        }

        _selfBlocks = new DecoderBlock[architecture.SelfBlocks];
        for (int b = 0; b < _selfBlocks.Length; b++)
        {
            WeightReader block = weights.Under($"gs_selfattn_blocks.{b}");
            var layers = new DecoderLayer[architecture.SelfLayers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = block.Under($"blocks.{l}");
                int shift = l % 2 == 0 ? 0 : window / 2;
                WindowAttentionSettings attention = Attention(layer.Under("gs_self_attn"), architecture) with { QueryShift = shift, KeyShift = shift };
                layers[l] = new SelfLayer(layer, scaleLayers.Count, attention);
                scaleLayers.Add((new ScaleAttention(layer.Under("gs_cross_attn_scale"), _channels), layer.Values("mlp_crossattn.fc2.bias")));
            }

            _selfBlocks[b] = DecoderBlock.Load(block, layers, enhanced);
        }

        _scale = new ScaleConditioning(weights, _channels, scaleLayers);
        _final = enhanced ? weights.Convolution("conv_final") : null;
        _upsample = weights.Convolution("UPNet.0", pixelShuffle: true);
        _upsampleAgain = weights.Convolution("UPNet.2", pixelShuffle: true);
        string[] heads = ["mlp_block_sigma", "mlp_block_rho", "mlp_block_alpha", "mlp_block_rgb", "mlp_block_mean"];
        (float[], float[])[] HeadLayers(int layer) =>
            [.. heads.Select(head => (weights.Values($"{head}.{layer}.weight"), weights.Values($"{head}.{layer}.bias")))];
        _heads = weights.Own(new GaussianHeadsWeights(weights.Device, _channels, HeadLayers(0), HeadLayers(2), HeadLayers(4), weights.ElementType));
    }

    /// <summary>Called, in tests, with the published name of a module and its output.</summary>
    internal Action<string, Tensor>? Tap { get; set; }

    /// <summary>Loads the decoder of a checkpoint.</summary>
    /// <param name="checkpoint">A checkpoint of that architecture.</param>
    /// <param name="architecture">The recognised decoder.</param>
    /// <param name="device">The device that will run it.</param>
    /// <param name="elementType">What is multiplied; the features are of this type.</param>
    public static GaussianDecoder Load(
        Checkpoint checkpoint, DecoderArchitecture architecture, Device device, ElementType elementType = ElementType.Float32)
    {
        var weights = new WeightReader(checkpoint, GsasrArchitecture.DecoderPrefix, device, elementType);
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

    /// <summary>Computes the Gaussians of some rows and columns of pixels.</summary>
    /// <param name="features">[height, width, features], from the encoder; multiples of the window.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <param name="interior">The pixels whose Gaussians are wanted; the others serve as their surroundings.</param>
    /// <param name="placement">Where the interior's cells stand in the grid of the whole image.</param>
    /// <param name="gaussians">[4 * interior height, 4 * interior width, 11], overwritten.</param>
    /// <param name="pass">Memory and progress.</param>
    public void Run(
        in Tensor features, double scale, in PixelRectangle interior, in GridPlacement placement, in Tensor gaussians, ForwardPass pass)
    {
        _scale.Set(scale);
        int height = features.Height;
        int width = features.Width;
        Arena arena = pass.Arena;
        using Arena.Scope scope = arena.BeginScope();
        Tensor upsampled = arena.Allocate(2 * height, 2 * width, _channels, features.ElementType);
        using (arena.BeginScope())
        {
            Tensor queries = arena.Allocate(height, width, _channels, features.ElementType);
            RunBlocks(features, queries, pass);
            Convolution.Run(queries, _upsample, upsampled);
            pass.Advance(4.0 * height * width * _upsample.Depth * _channels);
        }

        int bandRows = (int)Math.Clamp(BandFloats / (8L * interior.Width * _channels), 1, 2 * interior.Height);
        for (int row = 0; row < 2 * interior.Height; row += bandRows)
        {
            int rows = Math.Min(bandRows, 2 * interior.Height - row);
            using Arena.Scope band = arena.BeginScope();
            Tensor cells = arena.Allocate(2 * rows, CellsPerPixel * interior.Width, _channels, features.ElementType);
            Convolution.Run(upsampled, _upsampleAgain, cells, firstRow: 2 * interior.Top + row, firstColumn: 2 * interior.Left);
            GaussianHeads.Run(cells, _heads, gaussians.SliceRows(2 * row, 2 * rows), placement.SliceRows(2 * row, 2 * rows), arena);
            pass.Advance((double)cells.Pixels * _channels * (_upsampleAgain.Depth + GaussianHeadsWeights.HeadCount * 5.0 * _channels));
        }
    }

    /// <summary>Whether values left float16's range since the last call, so that Gaussians are wrong; never with float32. Waits for the device.</summary>
    public bool TakeOverflow() => _heads.TakeOverflow();

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();

    private static WindowAttentionSettings Attention(WeightReader attention, DecoderArchitecture architecture)
    {
        var settings = new WindowAttentionSettings(architecture.WindowSize, architecture.Heads);
        if (architecture.Kind == DecoderKind.Enhanced)
            return settings with { Rotary = attention.Rotary("rope_freqs", architecture.WindowSize) };
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
        pass.Advance((double)features.Pixels * _channels * (_project.Depth + _projectAgain.Depth));

        Elementwise.Repeat(_seeds, x);
        RunBlocks(_crossBlocks, "window_crossattn_blocks", x, x, projected, pass);

        // The self blocks do not look at the image's features any more; their place takes the result.
        RunBlocks(_selfBlocks, "gs_selfattn_blocks", x, projected, projected, pass);
        if (_final is null)
            Elementwise.Add(projected, x, queries);
        else
            Convolution.Run(projected, _final, queries, residual: x);
    }

    private void RunBlocks(DecoderBlock[] blocks, string name, in Tensor x, in Tensor y, in Tensor features, ForwardPass pass)
    {
        for (int b = 0; b < blocks.Length; b++)
        {
            string block = $"{name}.{b}";
            blocks[b].Run(b == 0 ? x : y, y, features, _scale, pass, Tap is null ? null : (layer, result) => Tap($"{block}.blocks.{layer}", result));
            Tap?.Invoke(block, y);
        }
    }
}
