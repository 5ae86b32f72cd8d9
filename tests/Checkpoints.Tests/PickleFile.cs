using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Gsasr.Checkpoints.Tests;

/// <summary>Makes PyTorch archives of hand-written pickles.</summary>
internal static class PickleFile
{
    /// <summary>An archive x of a pickle, one character a byte, and one storage, 0.</summary>
    public static MemoryStream Build(string pickle, params ReadOnlySpan<float> storage)
    {
        var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            using (Stream entry = archive.CreateEntry("x/data.pkl", CompressionLevel.NoCompression).Open())
                entry.Write(Encoding.Latin1.GetBytes(pickle));
            using (Stream entry = archive.CreateEntry("x/data/0", CompressionLevel.NoCompression).Open())
                entry.Write(MemoryMarshal.AsBytes(storage));
        }

        return file;
    }

    /// <summary>An instruction that pushes an integer.</summary>
    public static string Integer(int value) => "J" + string.Concat(BitConverter.GetBytes(value).Select(part => (char)part));

    /// <summary>Instructions that push a tuple of integers.</summary>
    public static string Tuple(IEnumerable<int> values) => "(" + string.Concat(values.Select(Integer)) + "t";
}
