using System.Runtime.CompilerServices;
using Gsasr.Architecture;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>Takes an image from the caller's pixels through the networks and the rasteriser, in the memory that is available.</summary>
/// <param name="network">From pixels to Gaussians.</param>
/// <param name="device">The device.</param>
/// <param name="architecture">The networks.</param>
/// <param name="options">How to work.</param>
internal sealed class ImagePipeline(NetworkStage network, Device device, GsasrArchitecture architecture, UpscalerOptions options) : IDisposable
{
    private readonly NetworkWork _work = NetworkWork.Of(architecture);
    private SourceImage _source = new();
    private HostMemory _row = new();
    private EvenAreas _evenColours = new();
    private EvenAreas _evenAlpha = new();
    private ForwardPass? _pass;
    private FieldDescription? _description;
    private ImageGeometry _describedGeometry;

    /// <summary>The memory.</summary>
    public Workspace Workspace { get; } = new(device, architecture, options);

    /// <summary>Memory, progress, measurement and cancellation for the stages.</summary>
    public ForwardPass Pass => _pass ??= new ForwardPass(Workspace.Arena);

    /// <summary>Upscales an image.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="source">The image.</param>
    /// <param name="geometry">Its sizes.</param>
    /// <param name="writer">Takes the picture.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is; null for nobody.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void Upscale<T>(
        ReadOnlyPixelSpan<T> source, in ImageGeometry geometry, in PictureWriter<T> writer, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        cancellation.ThrowIfCancellationRequested();
        network.Begin();
        Pass.Begin(progress, cancellation);
        using LaunchRecording.Scope recording = device is GpuDevice gpu ? gpu.BeginRecording() : default;
        bool hasAlpha = writer.Layout.HasAlpha() && SourceImage.IsTransparent(source);
        var format = new DrawnFormat(Unsafe.SizeOf<T>(), hasAlpha ? 2 : 1, writer.TakesWholeRows ? writer.Layout.ChannelCount() : 0);
        bool isRead = false;
        DrawnPicture? picture = null;
        long limit = long.MaxValue;
        int firstRow = 0;
        while (true)
        {
            try
            {
                MemoryPlan plan = Workspace.Prepare(geometry, format, limit);
                // Only after the plan, which may refuse the image.
                if (!isRead)
                    _source.Read(source, geometry, withAlpha: writer.Layout.HasAlpha());
                isRead = true;
                Pass.Meter.BeginWork(plan.Work(_work), plan.Images * plan.TileCount);
                Draw(ref picture, plan, writer, ref firstRow);
                cancellation.ThrowIfCancellationRequested();
                Pass.Meter.Finish();
                return;
            }
            catch (DeviceMemoryException e) when (!Pass.IsInCallersCode)
            {
                limit = Workspace.Reduce(e);
            }
        }
    }

    /// <summary>Makes the Gaussians of an image and keeps them.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="source">The image.</param>
    /// <param name="geometry">Its sizes.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is; null for nobody.</param>
    /// <param name="cancellation">Stops the work.</param>
    public GaussianField BuildField<T>(ReadOnlyPixelSpan<T> source, in ImageGeometry geometry, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        cancellation.ThrowIfCancellationRequested();
        network.Begin();
        Pass.Begin(progress, cancellation);
        using LaunchRecording.Scope recording = device is GpuDevice gpu ? gpu.BeginRecording() : default;
        bool isRead = false;
        long limit = long.MaxValue;
        while (true)
        {
            try
            {
                MemoryPlan plan = Workspace.Prepare(geometry, DrawnFormat.Field, limit);
                if (!isRead)
                    _source.Read(source, geometry, withAlpha: false);
                isRead = true;
                Pass.Meter.BeginWork(plan.Work(_work), plan.Images * plan.TileCount);
                return FillWhole(plan, Describe(geometry, source.Layout.IsGrey(), Unsafe.SizeOf<T>() == 1 ? 8 : 16));
            }
            catch (DeviceMemoryException e) when (!Pass.IsInCallersCode)
            {
                limit = Workspace.Reduce(e);
            }
        }
    }

    /// <summary>Gives back all memory, of the device and of the host.</summary>
    public void ReleaseMemory()
    {
        Workspace.Release();
        _source = new SourceImage();
        _row = new HostMemory();
        _evenColours = new EvenAreas();
        _evenAlpha = new EvenAreas();
    }

    /// <inheritdoc/>
    public void Dispose() => Workspace.Dispose();

    // What is known of the image beside its Gaussians.
    private DrawnPicture Look(in ImageGeometry geometry, bool hasAlpha) =>
        new(default, Described(geometry), EvenAreasOf(_source.Colours, _evenColours, geometry))
        {
            EvenAlpha = hasAlpha ? EvenAreasOf(_source.Alpha, _evenAlpha, geometry) : null,
            IsNeutral = options.KeepGrey && PixelConversion.AreNeutral(_source.Colours.AsSpan(0, geometry.Width * geometry.Height * 3)),
        };

    private void Draw<T>(ref DrawnPicture? picture, MemoryPlan plan, in PictureWriter<T> writer, ref int firstRow)
        where T : unmanaged
    {
        bool isInOrder = !plan.Strips.GoesRight && plan.Geometry.Fold is null;
        if (writer.TakesWholeRows && isInOrder)
        {
            // After the memory ran out, rows that were handed over before are not drawn again.
            for (int i = 0; i < plan.Strips.Count; i++)
                DrawStrip(ref picture, plan, i, writer, ref firstRow);
            return;
        }

        PictureWriter<T> whole = writer.Whole(plan.Geometry.Fold, _row);
        for (int i = 0; i < plan.Strips.Count; i++)
        {
            int top = 0;
            DrawStrip(ref picture, plan, i, whole, ref top);
        }

        Pass.IsInCallersCode = true;
        writer.HandOver(firstRow);
        Pass.IsInCallersCode = false;
    }

    private void DrawStrip<T>(ref DrawnPicture? picture, MemoryPlan plan, int index, in PictureWriter<T> writer, ref int firstRow)
        where T : unmanaged
    {
        Strip strip = plan.Strips.StripAt(index);
        int doneTiles = Pass.Meter.Tile;
        if (TryDrawStrip(ref picture, plan, strip, writer, ref firstRow, again: false))
            return;
        Pass.Meter.Tile = doneTiles;
        TryDrawStrip(ref picture, plan, strip, writer, ref firstRow, again: true);
    }

    // False if values left float16's range.
    private bool TryDrawStrip<T>(ref DrawnPicture? picture, MemoryPlan plan, in Strip strip, in PictureWriter<T> writer, ref int firstRow, bool again)
        where T : unmanaged
    {
        StripMemory memory = plan.Strips.MemoryOf(strip);
        network.Fill(_source.Colours, plan, strip, Workspace.Field, Pass, again);
        if (plan.Images == 2)
            network.Fill(_source.Alpha, plan, strip, Workspace.AlphaField, Pass, again);

        // While the device is busy.
        ImageGeometry geometry = plan.Geometry;
        picture ??= Look(geometry, hasAlpha: plan.Images == 2);
        Pass.Mark(PipelineStage.EvenAreas);
        DrawnPicture filled = picture.Value with
        {
            Colours = GaussiansOf(Workspace.Field, memory.Start, memory.End),
            Alpha = plan.Images == 2 ? GaussiansOf(Workspace.AlphaField, memory.Start, memory.End) : null,
        };
        RasterSettings canvas = filled.Description.Canvas(geometry.Scale, geometry.RatioX, geometry.RatioY) with
        {
            ViewportLeft = geometry.CanvasLeft,
            ViewportTop = geometry.CanvasTop,
        };
        return Workspace.Raster.Draw(filled, canvas, plan.Strips.OutputOf(strip), writer, ref firstRow, plan.DrawingBytes, network, Pass);
    }

    // All Gaussians of an image, in memory of their own.
    private GaussianField FillWhole(MemoryPlan plan, FieldDescription description)
    {
        ImageGeometry geometry = plan.Geometry;
        DeviceBuffer memory = device.Allocate(plan.FieldBytes);
        try
        {
            network.Fill(_source.Colours, plan, plan.Strips.StripAt(0), memory, Pass, again: false);
            if (network.TakeOverflow())
            {
                Pass.Meter.Tile = 0;
                network.Fill(_source.Colours, plan, plan.Strips.StripAt(0), memory, Pass, again: true);
            }

            device.Synchronize();
            Pass.Cancellation.ThrowIfCancellationRequested();
            EvenAreas? evenAreas = options.KeepEvenAreas ? EvenAreas.Of(_source.TakeColours(geometry), geometry.Width, geometry.Height) : null;
            Pass.Meter.Finish();
            return new GaussianField(GaussiansOf(memory, 0, plan.Strips.FieldPixels), description, evenAreas);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private EvenAreas? EvenAreasOf(float[] image, EvenAreas areas, in ImageGeometry geometry) =>
        options.KeepEvenAreas && areas.Find(image, geometry.Width, geometry.Height) ? areas : null;

    // How the Gaussians of an image are drawn; kept for the next image of the same size.
    private FieldDescription Described(in ImageGeometry geometry)
    {
        if (_description is null || _describedGeometry != geometry)
            _description = Describe(geometry, isGrey: false, bitDepth: 8);
        _describedGeometry = geometry;
        return _description;
    }

    private FieldDescription Describe(in ImageGeometry geometry, bool isGrey, int bitDepth) => new()
    {
        Layout = GaussianLayout.Raw,
        Width = geometry.Width,
        Height = geometry.Height,
        CanvasWidth = geometry.PaddedWidth,
        CanvasHeight = geometry.PaddedHeight,
        Scale = geometry.Scale,
        DMax = options.DMax,
        PublishedGeometry = options.PublishedGeometry,
        IsGrey = isGrey,
        BitDepth = bitDepth,
        Source = architecture.Name,
    };

    // The Gaussians of some pixels that lie side by side in the memory of a field.
    private static Tensor GaussiansOf(DeviceBuffer memory, long start, long end)
    {
        const int Gaussians = GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide;
        return new Tensor(
            memory, start * StripPlan.FloatsPerPixel, (int)(end - start), Gaussians, GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
    }
}
