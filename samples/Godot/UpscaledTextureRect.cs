using System.Threading.Tasks;
using Godot;
using Gsasr;
using Gsasr.Tensors;

/// <summary>Shows its texture at once, and the upscaled one as soon as it is there.</summary>
public partial class UpscaledTextureRect : TextureRect
{
    /// <summary>Output pixels per pixel of the texture.</summary>
    [Export]
    public double Factor { get; set; } = 2;

    /// <summary>"auto", "cpu", "cuda:0", "opencl:0" and the like.</summary>
    [Export]
    public string DeviceName { get; set; } = "auto";

    /// <summary>Whether the texture is laid side by side with itself.</summary>
    [Export]
    public bool IsTiled { get; set; }

    /// <inheritdoc/>
    public override async void _Ready()
    {
        Image image = Texture.GetImage();
        if (image.IsCompressed())
            image.Decompress();
        image.Convert(Image.Format.Rgba8);
        int width = image.GetWidth();
        int height = image.GetHeight();
        byte[] pixels = image.GetData();
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, Factor);

        // On another thread than the scene's, which goes on drawing. (Create an upscaler once and keep it, if it is used often.)
        byte[] upscaled = await Task.Run(() =>
        {
            using Device device = DeviceCatalog.Open(DeviceName);
            using var upscaler = new Upscaler(GsasrModel.Default, device, new UpscalerOptions { Wrap = IsTiled });
            var output = new byte[outputWidth * outputHeight * 4];
            upscaler.Upscale<byte>(new(pixels, width, height, PixelLayout.Rgba), new(output, outputWidth, outputHeight, PixelLayout.Rgba), Factor);
            return output;
        });
        Texture = ImageTexture.CreateFromImage(Image.CreateFromData(outputWidth, outputHeight, false, Image.Format.Rgba8, upscaled));
    }
}
