namespace Gsasr.Imaging.Jpeg;

/// <summary>The second bytes of markers (ITU-T T.81, table B.1).</summary>
internal static class JpegMarker
{
    public const int Sof0 = 0xC0, Sof1 = 0xC1, Sof2 = 0xC2, Sof15 = 0xCF;
    public const int Dht = 0xC4, Jpg = 0xC8, Dac = 0xCC;
    public const int Rst0 = 0xD0, Rst7 = 0xD7;
    public const int Soi = 0xD8, Eoi = 0xD9, Sos = 0xDA, Dqt = 0xDB, Dnl = 0xDC, Dri = 0xDD, Dhp = 0xDE, Exp = 0xDF;
    public const int App0 = 0xE0, App1 = 0xE1, App2 = 0xE2, App14 = 0xEE, Com = 0xFE;
    public const int Tem = 0x01, JpegLs = 0xF7;

    /// <summary>The name of a coding process that is not supported, by its marker; null for all other markers.</summary>
    public static string? UnsupportedProcess(int marker) => marker switch
    {
        0xC3 => "lossless JPEG",
        0xC5 or 0xC6 or 0xC7 or Dhp or Exp => "hierarchical JPEG",
        0xC9 or 0xCA or 0xCB or Dac => "arithmetic-coded JPEG",
        0xCD or 0xCE or 0xCF => "hierarchical arithmetic-coded JPEG",
        JpegLs => "JPEG-LS",
        Dnl => "JPEG with its height behind the data (DNL)",
        _ => null,
    };
}
