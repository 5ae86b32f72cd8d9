namespace Gsasr.Imaging;

/// <summary>The checksum of PNG chunks (ISO 3309, polynomial 0xEDB88320).</summary>
internal static class Crc32
{
    // Tables[k][b] is the checksum of byte b followed by k zero bytes, so that four bytes can be taken at a step.
    private static readonly uint[][] Tables = CreateTables();

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint[] t0 = Tables[0], t1 = Tables[1], t2 = Tables[2], t3 = Tables[3];
        uint crc = uint.MaxValue;
        for (; data.Length >= 4; data = data[4..])
            crc = t3[(byte)(crc ^ data[0])] ^ t2[(byte)((crc >> 8) ^ data[1])] ^ t1[(byte)((crc >> 16) ^ data[2])] ^ t0[(crc >> 24) ^ data[3]];
        foreach (byte value in data)
            crc = t0[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[][] CreateTables()
    {
        uint[][] tables = [new uint[256], new uint[256], new uint[256], new uint[256]];
        for (uint b = 0; b < 256; b++)
        {
            uint crc = b;
            for (int bit = 0; bit < 32; bit++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
                if (bit % 8 == 7)
                    tables[bit / 8][b] = crc;
            }
        }

        return tables;
    }
}
