using System.Runtime.InteropServices;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Pipeline;

/// <summary>
/// From Gaussians to pixels on the host, in bands of rows as large as the memory allows. When memory runs out all the same, bands become
/// half as large. Its buffers on the device are kept from image to image.
/// </summary>
/// <param name="arena">The device's memory for sums and the rasteriser's lists.</param>
internal sealed class RasterStage(Arena arena) : IDisposable
{
    // Drawing a pixel takes about as long as so many multiply-adds of the networks, on processors and GPUs alike.
    private const double WorkPerPixel = 25_000;

    // The least pixels of a band if memory allows: few enough to stop soon. Every band looks at all Gaussians again, so a band also has
    // at least a pixel for every two Gaussians.
    private const long LeastWholeBand = 1 << 20;
    private const long LargestBand = 1 << 24;

    private HostMemory _colours = new();
    private HostMemory _alpha = new();
    private DeviceBuffer? _nonFinite;
    private DeviceBuffer? _pixels;

    /// <summary>Bytes that are held on the device, beside the arena's.</summary>
    public long HeldBytes => (_pixels?.ByteLength ?? 0) + (_nonFinite?.ByteLength ?? 0);

    /// <summary>The work of drawing, in multiply-adds.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static double Work(int width, int height) => WorkPerPixel * width * height;

    /// <summary>How many rows are drawn at once.</summary>
    /// <param name="device">The device.</param>
    /// <param name="gaussians">How many Gaussians are drawn.</param>
    /// <param name="width">Columns of the output.</param>
    /// <param name="height">Rows of the output.</param>
    /// <param name="sampleBytes">Bytes of a value: 4 for unrounded sums.</param>
    /// <param name="images">1, or 2 where alpha is drawn too.</param>
    /// <param name="bytes">The memory that a band may take.</param>
    public static int BandRows(Device device, long gaussians, int width, int height, int sampleBytes, int images, long bytes)
    {
        long pixels = Math.Clamp(gaussians / 2, LeastWholeBand, LargestBand);
        int rows = (int)Math.Clamp(pixels / width, 1, height);
        while (rows > 1 && BandBytes(rows) > bytes)
            rows = (rows + 1) / 2;
        return rows;

        long BandBytes(int rows) => ArenaBytes(device, gaussians, width, rows) + PixelBytes(width, rows, sampleBytes)
            + HostBytes(device, width, rows, sampleBytes, images);
    }

    /// <summary>Bytes of the arena that drawing a band takes.</summary>
    /// <param name="device">The device.</param>
    /// <param name="gaussians">How many Gaussians are drawn.</param>
    /// <param name="width">Columns of the band.</param>
    /// <param name="rows">Rows of the band.</param>
    public static long ArenaBytes(Device device, long gaussians, int width, int rows) =>
        3L * sizeof(float) * width * rows + Rasterizer.WorkingBytes(device, gaussians, width, rows);

    /// <summary>Bytes of a band's whole numbers.</summary>
    /// <param name="width">Columns of the band.</param>
    /// <param name="rows">Rows of the band.</param>
    /// <param name="sampleBytes">Bytes of a value: 4 for unrounded sums, which need no other memory.</param>
    public static long PixelBytes(int width, int rows, int sampleBytes) => sampleBytes == sizeof(float) ? 0 : 3L * sampleBytes * width * rows;

    /// <summary>Bytes of the host that a band takes on its way to the caller, if the device works in the host's memory; else 0.</summary>
    /// <param name="device">The device.</param>
    /// <param name="width">Columns of the band.</param>
    /// <param name="rows">Rows of the band.</param>
    /// <param name="sampleBytes">Bytes of a value.</param>
    /// <param name="images">1, or 2 where alpha is drawn too.</param>
    public static long HostBytes(Device device, int width, int rows, int sampleBytes, int images) =>
        device is CpuDevice ? (3L * images + 4) * sampleBytes * width * rows : 0;

    /// <summary>Draws a part of a picture.</summary>
    /// <typeparam name="T">byte or ushort for rounded values, float for values that are clamped to 0 and 1.</typeparam>
    /// <param name="picture">What is drawn.</param>
    /// <param name="canvas">The canvas, and the place of the picture's first pixel on it.</param>
    /// <param name="part">The part, in pixels of the picture.</param>
    /// <param name="writer">Takes the part, band after band.</param>
    /// <param name="firstRow">The first row that was not taken before; those above it are left out. Every band moves it on.</param>
    /// <param name="bytes">The memory that a band may take.</param>
    /// <param name="network">What has made the Gaussians and may find that they are wrong; null if they are known to be right.</param>
    /// <param name="pass">Memory, progress and cancellation.</param>
    /// <returns>Whether the Gaussians were right. If not, the writer got nothing.</returns>
    /// <exception cref="ModelOutputException">Some values are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceMemoryException">The device has too little memory for a row.</exception>
    public unsafe bool Draw<T>(
        in DrawnPicture picture,
        in RasterSettings canvas,
        PixelRectangle part,
        in PictureWriter<T> writer,
        ref int firstRow,
        long bytes,
        NetworkStage? network,
        ForwardPass pass)
        where T : unmanaged
    {
        if (part.Width < 1 || part.Height < 1)
            return network?.TakeOverflow() != true;
        int end = part.Top + part.Height;
        firstRow = Math.Max(firstRow, part.Top);
        int bandRows = BandRows(arena.Device, picture.Colours.Pixels, part.Width, part.Height, sizeof(T), picture.Images, bytes);
        while (firstRow < end)
        {
            PixelRectangle band = part with { Top = firstRow, Height = Math.Min(bandRows, end - firstRow) };
            int length = band.Height * band.Width * 3;
            Span<T> colours = default;
            bool isInPlace = picture.Alpha is null && sizeof(T) < sizeof(float) && writer.TryTake(band, out colours);
            if (!isInPlace)
                colours = _colours.Take<T>(length);
            Span<T> alpha = picture.Alpha is null ? default : _alpha.Take<T>(length);
            RasterSettings place = canvas with { ViewportLeft = canvas.ViewportLeft + band.Left, ViewportTop = canvas.ViewportTop + band.Top };
            try
            {
                if (!DrawBand(picture.Colours, picture.EvenColours, picture.Description, place, band, colours, network, pass))
                    return false;
                if (picture.Alpha is Tensor gaussians)
                    DrawBand(gaussians, picture.EvenAlpha, picture.Description, place, band, alpha, network: null, pass);
            }
            catch (DeviceMemoryException) when (band.Height > 1)
            {
                Release();
                bandRows = band.Height / 2;
                continue;
            }

            if (picture.IsNeutral)
                PixelConversion.MakeNeutral(colours);
            if (!isInPlace)
            {
                pass.IsInCallersCode = true;
                writer.Write(band, colours, alpha);
                pass.IsInCallersCode = false;
            }

            firstRow += band.Height;
            pass.Advance(Work(band.Width, band.Height) * picture.Images);
        }

        return true;
    }

    /// <summary>Draws a part of a canvas as sums, neither clamped nor rounded, without even areas.</summary>
    /// <param name="gaussians">What is drawn.</param>
    /// <param name="canvas">The canvas, and the place of the part's first pixel on it.</param>
    /// <param name="width">Columns of the part.</param>
    /// <param name="height">Rows of the part.</param>
    /// <param name="sums">[height, width, 3].</param>
    public void DrawSums(in Tensor gaussians, in RasterSettings canvas, int width, int height, Span<float> sums)
    {
        long bytes = arena.Device.AvailableMemoryBytes + arena.HeldBytes + HeldBytes;
        int bandRows = BandRows(arena.Device, gaussians.Pixels, width, height, sizeof(float), images: 1, bytes);
        for (int row = 0; row < height; row += bandRows)
        {
            int rows = Math.Min(bandRows, height - row);
            using Arena.Scope scope = arena.BeginScope();
            Tensor image = arena.Allocate(rows, width, 3);
            Rasterizer.Render(gaussians, canvas with { ViewportTop = canvas.ViewportTop + row }, image, arena);
            image.Buffer.Download(sums.Slice(row * width * 3, rows * width * 3), image.ByteOffset);
        }
    }

    /// <summary>Gives all memory back, including the arena's. The stage can be used again.</summary>
    public void Release()
    {
        arena.Release();
        Dispose();
    }

    /// <summary>Gives the memory back that is not the arena's.</summary>
    public void Dispose()
    {
        _colours = new HostMemory();
        _alpha = new HostMemory();
        _nonFinite?.Dispose();
        _nonFinite = null;
        _pixels?.Dispose();
        _pixels = null;
    }

    // False if the Gaussians are wrong. The device goes on to draw them before that is known, because it would have nothing to do until then.
    private unsafe bool DrawBand<T>(
        in Tensor gaussians,
        EvenAreas? evenAreas,
        FieldDescription description,
        in RasterSettings place,
        in PixelRectangle size,
        Span<T> band,
        NetworkStage? network,
        ForwardPass pass)
        where T : unmanaged
    {
        using (arena.BeginScope())
        {
            Tensor image = arena.Allocate(size.Height, size.Width, 3);
            Rasterizer.Render(gaussians, place, image, arena, pass.Cancellation);
            pass.Mark(PipelineStage.Rasteriser);
            if (typeof(T) != typeof(float))
                Round(image, size, sizeof(T), pass);
            if (network?.TakeOverflow() == true)
                return false;
            int nonFinite = typeof(T) == typeof(float) ? Download(image, MemoryMarshal.Cast<T, float>(band)) : DownloadRounded(band);
            pass.Mark(PipelineStage.Download);
            if (nonFinite != 0)
            {
                throw new ModelOutputException(
                    $"{nonFinite} of {band.Length} values that the model computed are not numbers, so there is no picture to write. "
                    + "The model's weights are damaged or do not belong together.");
            }
        }

        if (evenAreas is not null)
        {
            evenAreas.Blend(
                place.ViewportLeft,
                place.ViewportTop,
                place.CanvasWidth / (double)description.CanvasWidth,
                place.CanvasHeight / (double)description.CanvasHeight,
                size.Width,
                band);
            pass.Mark(PipelineStage.EvenAreas);
        }

        return true;
    }

    // Both return how many values are not numbers.
    private static int Download(in Tensor image, Span<float> band)
    {
        image.Buffer.Download(band, image.ByteOffset);
        int nonFinite = 0;
        foreach (float value in band)
            nonFinite += float.IsFinite(value) ? 0 : 1;
        PixelConversion.Clamp(band);
        return nonFinite;
    }

    private int DownloadRounded<T>(Span<T> band)
        where T : unmanaged
    {
        Span<int> nonFinite = stackalloc int[1];
        _nonFinite!.Download(nonFinite, 0);

        // The caller's memory gets no picture that is none.
        if (nonFinite[0] == 0)
            _pixels!.Download(band, 0);
        return nonFinite[0];
    }

    private void Round(in Tensor image, in PixelRectangle size, int sampleBytes, ForwardPass pass)
    {
        _nonFinite ??= arena.Device.Allocate(sizeof(int));
        long bytes = PixelBytes(size.Width, size.Height, sampleBytes);
        if (_pixels is null || _pixels.ByteLength < bytes)
        {
            _pixels?.Dispose();
            _pixels = null;
            _pixels = arena.Device.Allocate(bytes);
        }

        PixelQuantizer.Run(image, size.Height, size.Width, 8 * sampleBytes, _pixels, _nonFinite);
        pass.Mark(PipelineStage.Rounding);
    }
}
