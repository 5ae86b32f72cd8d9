using System.Buffers.Binary;

namespace Gsasr.Imaging.Jpeg;

/// <summary>The application segments: JFIF density, EXIF, ICC profile, Adobe's colour transform.</summary>
internal sealed class JpegMetadata
{
    private const int MaximumSegmentLength = 65533;
    private const double MetresPerInch = 0.0254;

    private byte[]? _exif;
    private PixelDensity? _density;
    private bool _isJfif;
    private int? _adobeTransform;

    // A profile is cut into up to 255 segments, each with its number and the number of all.
    private byte[]?[] _profileParts = [];

    private static ReadOnlySpan<byte> JfifName => "JFIF\0"u8;

    private static ReadOnlySpan<byte> ExifName => "Exif\0\0"u8;

    private static ReadOnlySpan<byte> ProfileName => "ICC_PROFILE\0"u8;

    /// <summary>Takes what is understood of a segment; what is not does no harm to the picture.</summary>
    public void Read(int marker, ReadOnlySpan<byte> segment)
    {
        if (marker == JpegMarker.App0 && segment.Length >= 12 && segment.StartsWith(JfifName))
        {
            _isJfif = true;
            _density ??= ReadDensity(segment);
        }
        else if (marker == JpegMarker.App1 && segment.StartsWith(ExifName))
        {
            _exif ??= segment[ExifName.Length..].ToArray();
        }
        else if (marker == JpegMarker.App2 && segment.Length > ProfileName.Length + 2 && segment.StartsWith(ProfileName))
        {
            ReadProfilePart(segment[ProfileName.Length..]);
        }
        else if (marker == JpegMarker.App14 && segment.Length >= 12 && segment.StartsWith("Adobe"u8))
        {
            _adobeTransform = segment[11];
        }
    }

    /// <summary>Whether three components are red, green and blue rather than YCbCr, by libjpeg's rules.</summary>
    public bool IsRgb(JpegFrame frame)
    {
        if (frame.Components.Length != 3 || _isJfif)
            return false;
        return _adobeTransform is { } transform
            ? transform == 0
            : frame.Components[0].Id == 'R' && frame.Components[1].Id == 'G' && frame.Components[2].Id == 'B';
    }

    public ImageMetadata ToImageMetadata() => new()
    {
        Exif = _exif,
        IccProfile = _profileParts.Length > 0 && Array.TrueForAll(_profileParts, part => part is not null)
            ? [.. _profileParts.SelectMany(part => part!)]
            : null,
        Density = _density,
    };

    /// <summary>
    /// Writes the JFIF segment, then what the metadata have. EXIF data of more than 65527 bytes do not fit in a segment and are
    /// left out.
    /// </summary>
    public static void Write(Stream stream, Image image)
    {
        Span<byte> jfif = stackalloc byte[14];
        JfifName.CopyTo(jfif);
        // Version 1.01; pixels per inch, or a pixel's shape alone.
        (jfif[5], jfif[6]) = (1, 1);
        PixelDensity density = image.Metadata.Density ?? new PixelDensity(1, 1, false);
        (uint x, uint y) = (density.Horizontal, density.Vertical);
        if (density.IsPerMetre)
            (x, y) = ((uint)Math.Round(x * MetresPerInch), (uint)Math.Round(y * MetresPerInch));
        bool fits = x is > 0 and <= 65535 && y is > 0 and <= 65535;
        jfif[7] = fits && density.IsPerMetre ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(jfif[8..], fits ? (ushort)x : (ushort)1);
        BinaryPrimitives.WriteUInt16BigEndian(jfif[10..], fits ? (ushort)y : (ushort)1);
        jfif[12..].Clear();
        WriteSegment(stream, JpegMarker.App0, jfif, []);

        if (image.Metadata.Exif is { } exif && exif.Length <= MaximumSegmentLength - ExifName.Length)
            WriteSegment(stream, JpegMarker.App1, ExifName, exif);
        if (image.Metadata.IccProfile is { } profile && IccProfiles.Suits(profile, image.Layout))
            WriteProfile(stream, profile);
    }

    /// <summary>Writes a marker with its segment, given in two parts.</summary>
    public static void WriteSegment(Stream stream, int marker, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<byte> head = [0xFF, (byte)marker, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(2 + first.Length + second.Length));
        stream.Write(head);
        stream.Write(first);
        stream.Write(second);
    }

    private static void WriteProfile(Stream stream, byte[] profile)
    {
        int capacity = MaximumSegmentLength - ProfileName.Length - 2;
        int count = (profile.Length + capacity - 1) / capacity;
        if (count > 255)
            return;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> part = profile.AsSpan(i * capacity, Math.Min(capacity, profile.Length - i * capacity));
            WriteSegment(stream, JpegMarker.App2, [.. ProfileName, (byte)(i + 1), (byte)count], part);
        }
    }

    private static PixelDensity? ReadDensity(ReadOnlySpan<byte> segment)
    {
        uint x = BinaryPrimitives.ReadUInt16BigEndian(segment[8..]), y = BinaryPrimitives.ReadUInt16BigEndian(segment[10..]);
        if (x == 0 || y == 0)
            return null;
        return segment[7] switch
        {
            0 => new PixelDensity(x, y, false),
            1 => new PixelDensity((uint)Math.Round(x / MetresPerInch), (uint)Math.Round(y / MetresPerInch), true),
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
