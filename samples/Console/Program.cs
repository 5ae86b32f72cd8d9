using Gsasr;
using Gsasr.ImageSharp;
using Gsasr.Tensors;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

using Device device = DeviceCatalog.Open("auto");
using var upscaler = new Upscaler(GsasrModel.Default, device);
using Image<Rgba32> image = Image.Load<Rgba32>(args[0]);
using Image<Rgba32> large = image.Upscale(upscaler, 2.5);
large.Save(args[1]);
