using System.Buffers.Binary;

namespace Gsasr.Imaging.Formats;

/// <summary>The application segments of a JPEG: JFIF density, EXIF, XMP, ICC profile, Adobe's colour transform.</summary>
internal sealed class JpegSegments
{
    private const int App0 = 0xE0, App1 = 0xE1, App2 = 0xE2, App14 = 0xEE;
    private const int MaximumSegmentLength = 65533;

    private ImageMetadata _metadata = ImageMetadata.None;
    private bool _isJfif;
    private int? _adobeTransform;

    // A profile is cut into up to 255 segments. Each has its number and the total number.
    private byte[]?[] _profileParts = [];

    /// <summary>Adobe's segment with its marker, or empty.</summary>
    public byte[] AdobeSegment { get; private set; } = [];

    /// <summary>Whether four components are YCCK rather than CMYK.</summary>
    public bool IsYcck => _adobeTransform == 2;

    /// <summary>The EXIF orientation, 1 to 8.</summary>
    public int Orientation => ExifData.GetOrientation(_metadata.Exif);

    private static ReadOnlySpan<byte> JfifName => "JFIF\0"u8;

    private static ReadOnlySpan<byte> ExifName => "Exif\0\0"u8;

    private static ReadOnlySpan<byte> XmpName => "http://ns.adobe.com/xap/1.0/\0"u8;

    private static ReadOnlySpan<byte> ProfileName => "ICC_PROFILE\0"u8;

    /// <summary>Reads what is understood of a segment. Segments that are not understood do no harm to the picture.</summary>
    public void Read(int marker, ReadOnlySpan<byte> segment)
    {
        if (marker == App0 && segment.Length >= 12 && segment.StartsWith(JfifName))
        {
            _isJfif = true;
            _metadata = _metadata with { Density = _metadata.Density ?? ReadDensity(segment) };
        }
        else if (marker == App1 && segment.StartsWith(ExifName))
        {
            _metadata = _metadata with { Exif = _metadata.Exif ?? segment[ExifName.Length..].ToArray() };
        }
        else if (marker == App1 && segment.StartsWith(XmpName))
        {
            _metadata = _metadata with { Xmp = _metadata.Xmp ?? segment[XmpName.Length..].ToArray() };
        }
        else if (marker == App2 && segment.Length > ProfileName.Length + 2 && segment.StartsWith(ProfileName))
        {
            ReadProfilePart(segment[ProfileName.Length..]);
        }
        else if (marker == App14 && segment.Length >= 12 && segment.StartsWith("Adobe"u8))
        {
            _adobeTransform = segment[11];
            AdobeSegment = [0xFF, App14, 0, (byte)(2 + 12), .. segment[..12]];
        }
    }

    /// <summary>Whether three components are red, green and blue rather than YCbCr, by libjpeg's rules.</summary>
    public bool IsRgb(JpegFrame frame)
    {
        if (_isJfif)
            return false;
        return _adobeTransform is { } transform
            ? transform == 0
            : frame.Components[0].Id == 'R' && frame.Components[1].Id == 'G' && frame.Components[2].Id == 'B';
    }

    public ImageMetadata ToImageMetadata() => _metadata with
    {
        IccProfile = _profileParts.Length > 0 && Array.TrueForAll(_profileParts, part => part is not null)
            ? [.. _profileParts.SelectMany(part => part!)]
            : null,
    };

    /// <summary>
    /// The segments of an image's metadata, which follow the JFIF segment. EXIF and XMP that do not fit in a segment are left out.
    /// </summary>
    public static byte[] Write(Image image)
    {
        using var stream = new MemoryStream();
        if (image.Metadata.Exif is { } exif && exif.Length <= MaximumSegmentLength - ExifName.Length)
            WriteSegment(stream, App1, ExifName, exif);
        if (image.Metadata.Xmp is { } xmp && xmp.Length <= MaximumSegmentLength - XmpName.Length)
            WriteSegment(stream, App1, XmpName, xmp);
        if (image.Metadata.IccProfile is { } profile && IccProfile.Matches(profile, image.Layout))
        {
            int capacity = MaximumSegmentLength - ProfileName.Length - 2;
            int count = (profile.Length + capacity - 1) / capacity;
            for (int i = 0; i < count && count <= 255; i++)
            {
                ReadOnlySpan<byte> part = profile.AsSpan(i * capacity, Math.Min(capacity, profile.Length - i * capacity));
                WriteSegment(stream, App2, [.. ProfileName, (byte)(i + 1), (byte)count], part);
            }
        }

        return stream.ToArray();
    }

    private static void WriteSegment(MemoryStream stream, int marker, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<byte> head = [0xFF, (byte)marker, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(2 + first.Length + second.Length));
        stream.Write(head);
        stream.Write(first);
        stream.Write(second);
    }

    private static PixelDensity? ReadDensity(ReadOnlySpan<byte> segment)
    {
        uint x = BinaryPrimitives.ReadUInt16BigEndian(segment[8..]), y = BinaryPrimitives.ReadUInt16BigEndian(segment[10..]);
        return segment[7] switch
        {
            _ when x == 0 || y == 0 => null,
            0 => new PixelDensity(x, y, false),
            1 => PixelDensity.PerInch(x, y),
            2 => new PixelDensity(x * 100, y * 100, true),
            _ => null,
        };
    }

    private void ReadProfilePart(ReadOnlySpan<byte> part)
    {
        int number = part[0], count = part[1];
        if (_profileParts.Length == 0)
            _profileParts = new byte[]?[count];
        if (count == _profileParts.Length && number >= 1 && number <= count)
            _profileParts[number - 1] ??= part[2..].ToArray();
    }
}
