using Gsasr.Imaging;
using Gsasr.Pipeline;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>Models and pictures to measure with.</summary>
internal static class Workloads
{
    /// <summary>Opens a model by name or path; the published architectures' weights are seeded ones.</summary>
    public static GsasrModel Model(string name) =>
        SeededCheckpoint.ModelNames.Contains(name) ? new GsasrModel(() => SeededCheckpoint.Open(name)) : GsasrModel.Load(name);

    /// <summary>RGB pixels from the middle of a photograph; beyond its edges it is reflected.</summary>
    public static byte[] Photo(int width, int height) => Crop(ImageFile.Read(TestData.PhotoFile("astronaut.png")), width, height);

    /// <summary>The PNG and JPEG files of a folder, by their names.</summary>
    public static IEnumerable<FileInfo> Photos(DirectoryInfo folder) => folder.EnumerateFiles()
        .Where(file => file.Extension is ".png" or ".jpg" or ".jpeg")
        .OrderBy(file => file.Name, StringComparer.Ordinal);

    /// <summary>RGB pixels from the middle of an 8-bit image of colours; beyond its edges it is reflected.</summary>
    public static byte[] Crop(Image photo, int width, int height)
    {
        int left = Math.Max(0, (photo.Width - width) / 2);
        int top = Math.Max(0, (photo.Height - height) / 2);
        var pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            int row = ReflectedImage.IndexOf(top + y, photo.Height, repeatsEdge: false) * photo.Width;
            for (int x = 0; x < width; x++)
            {
                int source = (row + ReflectedImage.IndexOf(left + x, photo.Width, repeatsEdge: false)) * photo.ChannelCount;
                photo.Samples8.AsSpan(source, 3).CopyTo(pixels.AsSpan((y * width + x) * 3));
            }
        }

        return pixels;
    }
}
