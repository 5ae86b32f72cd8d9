namespace Gsasr.Models.Tests;

/// <summary>Calls for pixels without gaps at one scale for both axes, as most tests make them.</summary>
internal static class PackedPixels
{
    public static void Upscale(
        this Upscaler upscaler,
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Span<byte> destination,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => UpscalePacked(upscaler, pixels, width, height, layout, scale, destination, progress, cancellation);

    public static void Upscale(
        this Upscaler upscaler,
        ReadOnlySpan<ushort> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Span<ushort> destination,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => UpscalePacked(upscaler, pixels, width, height, layout, scale, destination, progress, cancellation);

    public static GaussianField BuildField<T>(
        this Upscaler upscaler,
        T[] pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
        where T : unmanaged => upscaler.BuildField(new ReadOnlyPixelSpan<T>(pixels, width, height, layout), scale, progress, cancellation);

    public static void Render(this GaussianField field, Span<byte> destination, CancellationToken cancellation = default) =>
        field.Render(Whole(field, destination), cancellation);

    public static void Render(this GaussianField field, Span<ushort> destination, CancellationToken cancellation = default) =>
        field.Render(Whole(field, destination), cancellation);

    public static void Render(
        this GaussianField field, in FieldView view, PixelLayout layout, Span<byte> destination, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        field.Render(view, new PixelSpan<byte>(destination, view.OutputWidth, view.OutputHeight, layout), progress, cancellation);

    public static void Render(
        this GaussianField field, in FieldView view, PixelLayout layout, Span<ushort> destination, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        field.Render(view, new PixelSpan<ushort>(destination, view.OutputWidth, view.OutputHeight, layout), progress, cancellation);

    public static void Render(
        this GaussianField field, double left, double top, double magnification, int width, int height, Span<byte> destination, CancellationToken cancellation = default)
    {
        var view = new FieldView(left, top, width / magnification, height / magnification, width, height);
        field.Render(view, new PixelSpan<byte>(destination, width, height, PixelLayout.Rgb), cancellation: cancellation);
    }

    private static PixelSpan<T> Whole<T>(GaussianField field, Span<T> destination)
        where T : unmanaged
    {
        (int width, int height) = Upscaler.OutputSize(field.Width, field.Height, field.Scale);
        return new PixelSpan<T>(destination, width, height, PixelLayout.Rgb);
    }

    private static void UpscalePacked<T>(
        Upscaler upscaler, ReadOnlySpan<T> pixels, int width, int height, PixelLayout layout, double scale, Span<T> destination, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, scale);
        upscaler.Upscale(
            new ReadOnlyPixelSpan<T>(pixels, width, height, layout),
            new PixelSpan<T>(destination, outputWidth, outputHeight, layout),
            scale,
            progress,
            cancellation);
    }
}
