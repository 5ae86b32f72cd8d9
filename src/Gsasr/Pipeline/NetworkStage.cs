using System.Runtime.InteropServices;
using Gsasr.Architecture;
using Gsasr.Decoder;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Pipeline;

/// <summary>From pixels on the host to Gaussians on the device: a model's encoder and decoder, run over an image tile by tile.</summary>
internal sealed class NetworkStage : IDisposable
{
    private readonly GsasrModel _model;
    private readonly Device _device;
    private readonly Networks _networks;
    private readonly List<DecodedPart> _parts = new(2);
    private readonly HostMemory _staging = new();
    private Networks? _exact;
    private bool _mayHaveOverflowed;

    /// <summary>Loads the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The device.</param>
    /// <param name="precision">How precisely the networks compute.</param>
    /// <param name="progress">Told from 0 to 1 how much is loaded; null for nobody.</param>
    /// <param name="cancellation">Stops the loading.</param>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, which the device or the model does not have.</exception>
    public NetworkStage(
        GsasrModel model, Device device, Precision precision, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        _model = model;
        _device = device;
        GsasrArchitecture architecture = model.Architecture;
        LoadingMeter meter = Meter(architecture, progress, cancellation);
        _networks = Networks.Load(model, device, MixedPrecision.Choose(precision, architecture, device), meter);
        try
        {
            meter.Finish();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How precisely the networks compute, as long as float16 is enough for the values.</summary>
    public Precision Precision => _networks.Encoder.ElementType == ElementType.Float16 ? Precision.Mixed : Precision.Float32;

    /// <summary>Whether values of the last image left float16's range, so that the image was computed again in float32.</summary>
    public bool WasRepeated { get; private set; }

    /// <summary>
    /// Called, in tests, with "features" and what the encoder made, and with what <see cref="GaussianDecoder.Tap"/> is told.
    /// </summary>
    public Action<string, Tensor>? Tap
    {
        get => _networks.Decoder.Tap;
        set => _networks.Decoder.Tap = value;
    }

    /// <summary>Begins an image.</summary>
    public void Begin()
    {
        WasRepeated = false;

        // An image that was cancelled or failed may have left its overflow flag set.
        TakeOverflow();
    }

    /// <summary>Makes the Gaussians of a strip. They may be wrong until <see cref="TakeOverflow"/> says that they are not.</summary>
    /// <param name="image">[height, width, 3] values of 0 to 1, without padding.</param>
    /// <param name="plan">The image's sizes, and how it is cut.</param>
    /// <param name="strip">The strip.</param>
    /// <param name="field">Where the Gaussians go, as <see cref="StripPlan.MemoryOf"/> has it, tile after tile.</param>
    /// <param name="pass">Memory, progress and cancellation.</param>
    /// <param name="again">Whether values left float16's range the first time, so that this time everything is float32.</param>
    /// <exception cref="DeviceMemoryException">The device has too little memory.</exception>
    public void Fill(ReadOnlySpan<float> image, MemoryPlan plan, in Strip strip, DeviceBuffer field, ForwardPass pass, bool again)
    {
        if (again)
        {
            WasRepeated = true;
            _exact ??= Networks.Load(_model, _device, ElementType.Float32, Meter(_model.Architecture, progress: null, pass.Cancellation));
            Fill(_exact, image, plan, strip, field, pass);
            return;
        }

        _mayHaveOverflowed = true;
        Fill(_networks, image, plan, strip, field, pass);
    }

    /// <summary>
    /// Whether values have left float16's range since the last call, so that Gaussians are wrong and have to be made again. Waits for the device.
    /// </summary>
    public bool TakeOverflow()
    {
        bool overflowed = _mayHaveOverflowed && _networks.Decoder.TakeOverflow();
        _mayHaveOverflowed = false;
        return overflowed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _exact?.Dispose();
        _networks.Dispose();
    }

    private static LoadingMeter Meter(GsasrArchitecture architecture, IProgress<double>? progress, CancellationToken cancellation) =>
        new(architecture.EncoderParameterCount + architecture.DecoderParameterCount, progress, cancellation);

    private void Fill(Networks networks, ReadOnlySpan<float> image, MemoryPlan plan, in Strip strip, DeviceBuffer field, ForwardPass pass)
    {
        StripMemory memory = plan.Strips.MemoryOf(strip);
        PixelRectangle stripPixels = plan.Strips.PixelsOf(strip);
        long placeOfBody = memory.Body;
        long placeOfKept = memory.Kept;
        for (int i = 0; i < plan.Tiles.CountOf(stripPixels); i++)
        {
            Tile tile = plan.Tiles.TileAt(plan.Geometry, stripPixels, i);
            using Arena.Scope scope = pass.Arena.BeginScope();
            PixelRectangle body = plan.Strips.BodyOf(strip, tile.Interior);
            PixelRectangle kept = plan.Strips.KeptOf(strip, tile.Interior);
            int pixels = tile.Rows.Count * tile.Columns.Count * 3;
            Tensor uploaded = pass.Arena.Allocate(1, 1, pixels + CentresOf(body) + CentresOf(kept));
            Span<float> values = _staging.Take<float>(uploaded.Channels);
            int next = pixels;
            _parts.Clear();
            AddPart(plan.Geometry, tile, body, field, ref placeOfBody, uploaded, values, ref next);
            AddPart(plan.Geometry, tile, kept, field, ref placeOfKept, uploaded, values, ref next);
            ReflectedImage.Copy(image, plan.Geometry, tile, values[..pixels]);

            // The pixels and the places of their Gaussians go together, because a copy takes long to start.
            uploaded.Upload<float>(values);
            pass.Mark(PipelineStage.Conversion);
            pass.Meter.Tile++;
            Tensor input = uploaded.Reshape(tile.Rows.Count, tile.Columns.Count, 3, 3);
            RunTile(networks, input, plan, pass);
        }
    }

    private void RunTile(Networks networks, in Tensor input, MemoryPlan plan, ForwardPass pass)
    {
        Tensor features = pass.Arena.Allocate(input.Height, input.Width, networks.Encoder.Features, networks.Encoder.ElementType);
        networks.Encoder.Run(input, features, pass);
        networks.Decoder.Tap?.Invoke("features", features);
        pass.Mark(PipelineStage.Encoder);
        networks.Decoder.Run(features, plan.Geometry.Scale, CollectionsMarshal.AsSpan(_parts), plan.HeadBandFloats, pass);
    }

    private void AddPart(
        in ImageGeometry geometry,
        in Tile tile,
        in PixelRectangle pixels,
        DeviceBuffer field,
        ref long place,
        in Tensor uploaded,
        Span<float> values,
        ref int next)
    {
        if (CentresOf(pixels) == 0)
            return;
        const int Cells = GaussianFormat.CellsPerPixelSide;

        // Means are counted from the picture's corner, so that nothing that draws them need know what is padded at the left and at the top.
        var placement = new GridPlacement(
            Cells * geometry.PaddedHeight,
            Cells * geometry.PaddedWidth,
            Centres(Cells * geometry.PaddedHeight, Cells * (pixels.Top - geometry.PaddingTop), Cells * pixels.Height, uploaded, values, ref next),
            Centres(Cells * geometry.PaddedWidth, Cells * (pixels.Left - geometry.PaddingLeft), Cells * pixels.Width, uploaded, values, ref next));
        var gaussians = new Tensor(
            field, place * StripPlan.FloatsPerPixel, Cells * pixels.Height, Cells * pixels.Width, GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
        _parts.Add(new DecodedPart(tile.Seen(pixels), placement, gaussians));
        place += (long)pixels.Width * pixels.Height;
    }

    // How many centres of rows and columns of cells there are.
    private static int CentresOf(in PixelRectangle pixels) =>
        pixels.Width == 0 || pixels.Height == 0 ? 0 : GaussianFormat.CellsPerPixelSide * (pixels.Width + pixels.Height);

    private static Tensor Centres(int gridSize, int first, int count, in Tensor uploaded, Span<float> values, ref int next)
    {
        GridPlacement.ComputeCentres(gridSize, first, values.Slice(next, count));
        Tensor centres = uploaded.SliceChannels(next, count).Reshape(pitch: count);
        next += count;
        return centres;
    }
}
