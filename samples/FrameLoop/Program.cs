// Upscales frame after frame, as a game or a video player would, and shows what a frame takes.
// FrameLoop DEVICE WIDTHxHEIGHT WIDTHxHEIGHT FRAMES, for instance: cpu 160x90 320x180 100
using System.Diagnostics;
using Gsasr;
using Gsasr.Samples;
using Gsasr.Tensors;

if (args.Length != 4)
{
    Console.Error.WriteLine("Usage: FrameLoop DEVICE WIDTHxHEIGHT WIDTHxHEIGHT FRAMES, for instance: cpu 160x90 320x180 100");
    return 2;
}

(int width, int height) = ReadSize(args[1]);
(int outputWidth, int outputHeight) = ReadSize(args[2]);
int frames = int.Parse(args[3]);

using Device device = DeviceCatalog.Open(args[0]);
using var upscaler = new Upscaler(GsasrModel.Default, device);
var frame = new byte[width * height * 4];
var output = new byte[outputWidth * outputHeight * 4];
var histogram = new FrameHistogram();
const int WarmUp = 3;
long allocated = 0;
for (int i = 0; i < WarmUp + frames; i++)
{
    DrawScene(frame, i);
    long bytes = GC.GetAllocatedBytesForCurrentThread();
    long start = Stopwatch.GetTimestamp();
    upscaler.Upscale<byte>(new(frame, width, height, PixelLayout.Bgra), new(output, outputWidth, outputHeight, PixelLayout.Bgra));
    if (i < WarmUp)
        continue;
    allocated += GC.GetAllocatedBytesForCurrentThread() - bytes;
    histogram.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
}

Console.WriteLine($"{frames} frames of {width}x{height} to {outputWidth}x{outputHeight} on {device.Name}, {allocated} bytes allocated");
histogram.Write(Console.Out);
return 0;

// A disc that moves over a gradient.
void DrawScene(Span<byte> pixels, int time)
{
    double centreX = width * (0.5 + 0.4 * Math.Sin(0.1 * time));
    for (int y = 0; y < height; y++)
    {
        for (int x = 0; x < width; x++)
        {
            bool isInside = double.Hypot(x - centreX, y - height / 2.0) < height / 4.0;
            Span<byte> pixel = pixels.Slice((y * width + x) * 4, 4);
            pixel[0] = isInside ? (byte)40 : (byte)(255 * x / width);
            pixel[1] = isInside ? (byte)160 : (byte)(255 * y / height);
            pixel[2] = isInside ? (byte)250 : (byte)90;
            pixel[3] = 255;
        }
    }
}

static (int Width, int Height) ReadSize(string text)
{
    string[] parts = text.Split('x');
    return (int.Parse(parts[0]), int.Parse(parts[1]));
}
