using System.IO.Compression;

namespace Gsasr.Imaging;

/// <summary>The few things about an ICC profile that must be known to keep it.</summary>
internal static class IccProfile
{
    /// <summary>The longest profile that is kept. Display and camera profiles are far shorter.</summary>
    public const int MaximumLength = 16 << 20;

    private const int HeaderLength = 128;
    private const int ColourSpaceOffset = 16;

    /// <summary>Whether a profile was made for these channels, by the colour space in its header.</summary>
    public static bool Matches(ReadOnlySpan<byte> profile, ChannelLayout layout) =>
        profile.Length >= HeaderLength
        && profile[ColourSpaceOffset..].StartsWith(layout.IsGrey() ? "GRAY"u8 : "RGB "u8);

    /// <summary>Inflates the zlib data of a profile or another text, or returns null where they are damaged or too long.</summary>
    public static byte[]? Inflate(ReadOnlySpan<byte> data)
    {
        using var zlib = new ZLibStream(new MemoryStream(data.ToArray()), CompressionMode.Decompress);
        using var content = new MemoryStream();
        byte[] block = new byte[8192];
        try
        {
            int count;
            while ((count = zlib.Read(block)) > 0)
            {
                content.Write(block, 0, count);
                if (content.Length > MaximumLength)
                    return null;
            }
        }
        // The data are in memory, so an IOException can only come from zlib, for a stream that wants a preset dictionary.
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return null;
        }

        return content.Length > 0 ? content.ToArray() : null;
    }
}
