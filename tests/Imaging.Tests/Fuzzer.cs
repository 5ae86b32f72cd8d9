using System.Buffers.Binary;
using System.Diagnostics;

namespace Gsasr.Imaging.Tests;

/// <summary>Damages valid files in the ways files are damaged; checks that reading them ends well, soon, with little memory.</summary>
internal sealed class Fuzzer(int seed)
{
    /// <summary>No file of the corpus takes a thousandth of this; a loop that does not end does.</summary>
    private static readonly TimeSpan TimeBound = TimeSpan.FromSeconds(5);

    private static readonly ImageLimits Limits = new() { MaximumPixels = 1 << 20 };

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _corpus = [];

    /// <summary>Damaged files that were still read as an image.</summary>
    public int Accepted { get; private set; }

    /// <summary>Damaged files that were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>The longest that one file took.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>The most bytes that one file allocated.</summary>
    public long MostAllocated { get; private set; }

    /// <summary>
    /// The stated bound: 1 MiB for tables and buffers, the file itself, and for each pixel within the limit the decoded
    /// samples, their turned copy, and a progressive JPEG's coefficients and planes.
    /// </summary>
    private static long AllocationBound => (1 << 20) + Limits.MaximumPixels * 32;

    /// <summary>Adds a valid file to damage.</summary>
    public void Add(byte[] file) => _corpus.Add(file);

    /// <summary>Reads so many damaged files; fails with the file's number, seed and content where one does harm.</summary>
    public void Run(int count)
    {
        for (int number = 0; number < count; number++)
        {
            byte[] file = Damage(_corpus[_random.Next(_corpus.Count)]);
            long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            try
            {
                Image image = ImageFile.Decode(file, Limits);
                Assert.True((long)image.Width * image.Height <= Limits.MaximumPixels);
                Accepted++;
            }
            catch (ImageFormatException exception)
            {
                Assert.NotEmpty(exception.Message);
                Refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"File {number} of seed {seed} caused {exception}\n{Convert.ToBase64String(file)}");
            }
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
            if (elapsed > Longest)
                Longest = elapsed;
            MostAllocated = Math.Max(MostAllocated, allocated);
            Assert.True(elapsed < TimeBound, $"File {number} of seed {seed} took {elapsed}.\n{Convert.ToBase64String(file)}");
            Assert.True(
                allocated <= AllocationBound,
                $"File {number} of seed {seed} allocated {allocated} bytes, more than {AllocationBound}.\n{Convert.ToBase64String(file)}");
        }
    }

    private byte[] Damage(byte[] original)
    {
        List<byte> file = [.. original];
        int changes = 1 + _random.Next(4);
        for (int i = 0; i < changes && file.Count > 2; i++)
        {
            // Half of all changes go where the headers are.
            int range = _random.Next(2) == 0 ? Math.Min(file.Count, 700) : file.Count;
            int position = _random.Next(range);
            switch (_random.Next(8))
            {
                case 0:
                    file[position] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    file[position] = (byte)_random.Next(256);
                    break;
                case 2:
                    file[position] = Extreme();
                    if (position + 1 < file.Count)
                        file[position + 1] = Extreme();
                    break;
                case 3:
                    file.RemoveRange(position, Math.Min(1 + _random.Next(40), file.Count - position));
                    break;
                case 4:
                    file.InsertRange(position, file.GetRange(position, Math.Min(1 + _random.Next(200), file.Count - position)));
                    break;
                case 5:
                    byte[] noise = new byte[1 + _random.Next(16)];
                    _random.NextBytes(noise);
                    file.InsertRange(position, noise);
                    break;
                case 6:
                    file.RemoveRange(position, file.Count - position);
                    break;
                default:
                    // Part of another file: a chunk or segment where it does not belong.
                    byte[] other = _corpus[_random.Next(_corpus.Count)];
                    int from = _random.Next(other.Length);
                    file.InsertRange(position, other.AsSpan(from, Math.Min(_random.Next(300), other.Length - from)).ToArray());
                    break;
            }
        }
        byte[] damaged = [.. file];
        // Most damaged PNG files get right checksums again: otherwise nothing behind the checksums would ever be tried.
        if (_random.Next(8) != 0)
            RepairChecksums(damaged);
        return damaged;
    }

    private byte Extreme() => _random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => 0x7F, _ => 1 };

    private static void RepairChecksums(byte[] file)
    {
        if (file.Length < 8 || file[1] != 'P' || file[2] != 'N' || file[3] != 'G')
            return;
        int position = 8;
        while (file.Length - position >= 12)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position));
            if (length > file.Length - position - 12)
                return;
            int end = position + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(end), PngBuilder.Crc(file[(position + 4)..end]));
            position = end + 4;
        }
    }
}
