using System.Buffers.Binary;

namespace Gsasr.Imaging.Png;

/// <summary>The CRC of PNG chunks (ISO 3309, polynomial 0xEDB88320), eight bytes a step.</summary>
internal static class Crc32
{
    // Tables[k][b] is the checksum of byte b followed by k zero bytes.
    private static readonly uint[][] Tables = CreateTables();

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Append(uint.MaxValue, data);

    /// <summary>Continues a running (uninverted) checksum.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint[] t0 = Tables[0], t1 = Tables[1], t2 = Tables[2], t3 = Tables[3];
        uint[] t4 = Tables[4], t5 = Tables[5], t6 = Tables[6], t7 = Tables[7];
        while (data.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ crc;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = t7[(byte)low] ^ t6[(byte)(low >> 8)] ^ t5[(byte)(low >> 16)] ^ t4[low >> 24]
                ^ t3[(byte)high] ^ t2[(byte)(high >> 8)] ^ t1[(byte)(high >> 16)] ^ t0[high >> 24];
            data = data[8..];
        }
        foreach (byte value in data)
            crc = t0[(byte)(crc ^ value)] ^ (crc >> 8);
        return crc;
    }

    private static uint[][] CreateTables()
    {
        uint[][] tables = new uint[8][];
        for (int k = 0; k < 8; k++)
        {
            tables[k] = new uint[256];
            for (uint b = 0; b < 256; b++)
            {
                uint crc = k == 0 ? b : tables[k - 1][b];
                for (int bit = 0; bit < 8; bit++)
                    crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
                tables[k][b] = crc;
            }
        }
        return tables;
    }
}
