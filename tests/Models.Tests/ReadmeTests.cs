using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>The code in README.md.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_snippet_is_the_code_below()
    {
        Assert.Equal(
            Snippet("README.md", "```csharp", "```"),
            Snippet("tests/Models.Tests/ReadmeTests.cs", "// begin", "// end"));
    }

    [Fact]
    public void The_snippet_runs()
    {
        (byte[] pixels, int width, int height) = Picture.Photo(40, 40, 30, 24);
        (byte[] output, byte[] detail) = Run(pixels, width, height);
        Assert.Equal(81 * 64 * 3, output.Length);
        Assert.True(output.Distinct().Count() > 50);
        Assert.True(detail.Distinct().Count() > 50);
    }

    private static (byte[] Output, byte[] Detail) Run(byte[] pixels, int width, int height)
    {
#pragma warning disable xUnit1051 // The code of a README has no test to be cancelled with.
        // begin
        using Device device = DeviceCatalog.Open("auto");
        using var upscaler = new Upscaler(GsasrModel.Default, device);

        // Pixels in, pixels out, at any size: bytes, ushorts or floats; grey, RGB or BGR; with or without alpha; rows with or without gaps.
        var input = new ReadOnlyPixelSpan<byte>(pixels, width, height, PixelLayout.Rgb);
        (int outputWidth, int outputHeight) = Upscaler.OutputSize(width, height, 2.7);
        var output = new byte[outputWidth * outputHeight * 3];
        upscaler.Upscale(input, new PixelSpan<byte>(output, outputWidth, outputHeight, PixelLayout.Rgb));

        // Or keep the Gaussians, and draw any part of the picture at any size without running the network again.
        using GaussianField field = upscaler.BuildField(input, 4);
        var detail = new byte[320 * 200 * 3];
        field.Render(FieldView.At(left: 10, top: 8, width: 20, height: 12.5, magnification: 16), new PixelSpan<byte>(detail, 320, 200, PixelLayout.Rgb));
        // end
#pragma warning restore xUnit1051
        return (output, detail);
    }

    // The lines between two marks, without their indentation.
    internal static string[] Snippet(string file, string begin, string end) =>
    [
        .. File.ReadLines(Path.Combine(TestData.RepositoryRoot, file))
            .Select(line => line.Trim())
            .SkipWhile(line => line != begin)
            .Skip(1)
            .TakeWhile(line => line != end),
    ];
}
