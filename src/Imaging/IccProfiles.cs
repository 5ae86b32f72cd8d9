namespace Gsasr.Imaging;

/// <summary>The little that has to be known of an ICC profile to keep it.</summary>
internal static class IccProfiles
{
    /// <summary>The longest profile that is kept. Display and camera profiles are far shorter.</summary>
    public const int MaximumLength = 16 << 20;

    private const int HeaderLength = 128;
    private const int ColourSpaceOffset = 16;

    /// <summary>Whether a profile was made for these channels, by the colour space in its header.</summary>
    public static bool Suits(ReadOnlySpan<byte> profile, ChannelLayout layout) =>
        profile.Length >= HeaderLength
        && profile[ColourSpaceOffset..].StartsWith(layout.IsGrey() ? "GRAY"u8 : "RGB "u8);
}
