using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>Reads the operands of pickle opcodes one after the other, never past the end.</summary>
internal sealed class PickleBytes(byte[] bytes, int position, string source)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public int Position { get; private set; } = position;

    public byte Byte() => Take(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    /// <summary>A float64, which pickles store with the highest byte first.</summary>
    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>An integer of a given number of bytes: a long, or a BigInteger where it does not fit.</summary>
    public object Integer(int length)
    {
        var value = new BigInteger(Take(length), isUnsigned: false, isBigEndian: false);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    public string Text(long length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointFormatException($"{source}: the pickle holds text that is not valid UTF-8.", error);
        }
    }

    /// <summary>Text of Python 2, one byte for each character.</summary>
    public string Latin1Text(long length) => Encoding.Latin1.GetString(Take(length));

    /// <summary>Text up to the next line feed, which is skipped.</summary>
    public string Line()
    {
        int length = bytes.AsSpan(Position).IndexOf((byte)'\n');
        if (length < 0)
            throw Truncated();
        string line = Text(length);
        Position++;
        return line;
    }

    public void Skip(long length) => Take(length);

    private ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > bytes.Length - Position)
            throw Truncated();
        ReadOnlySpan<byte> taken = bytes.AsSpan(Position, (int)length);
        Position += (int)length;
        return taken;
    }

    private CheckpointFormatException Truncated() =>
        new($"{source} is cut short, or no checkpoint: its pickle ends in the middle of an instruction.");
}
