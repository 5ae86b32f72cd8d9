using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Gsasr.Architecture;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

/// <summary>
/// Damaged files, the same ones in every run. Set GSASR_FUZZ_COUNT to try more of them than the 2,000 per format of a normal run.
/// </summary>
public class FuzzTests
{
    private static readonly int Count =
        int.Parse(Environment.GetEnvironmentVariable("GSASR_FUZZ_COUNT") ?? "2000", CultureInfo.InvariantCulture);

    private static readonly ulong[] TellingValues =
        [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, long.MaxValue, ulong.MaxValue, 1UL << 62, 1UL << 40];

    [Fact]
    public void Damaged_PyTorch_files_are_read_or_refused()
    {
        byte[][] originals =
        [
            .. Directory.EnumerateFiles(Path.Combine(TestData.Folder, "checkpoints"), "*.pth")
                .Where(path => new FileInfo(path).Length is > 0 and < 100_000)
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes),
        ];
        Run(originals, (stream, source) => PyTorchCheckpoint.Open(stream, source));
    }

    [Fact]
    public void Damaged_safetensors_files_are_read_or_refused()
    {
        using var small = new MemoryCheckpoint();
        small.Set<float>("a", ElementType.Float32, [2, 3], 1, 2, 3, 4, 5, 6).Set<long>("b.c", ElementType.Int64, [], 7)
            .Set<Half>("d", ElementType.Float16, [1, 0, 4]).Set<byte>("e", ElementType.Bool, [5], 1, 0, 1, 0, 1);
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, small, new Dictionary<string, string> { ["note"] = "of no account" });
        byte[] paperBuffers = File.ReadAllBytes(TestData.GoldenFile("paper-buffers.safetensors"));
        Run([stream.ToArray(), stream.ToArray(), stream.ToArray(), paperBuffers], SafetensorsCheckpoint.Open);
    }

    private static void Run(byte[][] originals, Func<Stream, string, Checkpoint> open)
    {
        var clock = new Stopwatch();
        int opened = 0;
        for (int seed = 0; seed < Count; seed++)
        {
            byte[] file = Mutate(originals, new Random(seed));
            long before = GC.GetAllocatedBytesForCurrentThread();
            clock.Restart();
            try
            {
                using Checkpoint checkpoint = open(new MemoryStream(file), "fuzz");
                long toOpen = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(toOpen < 1_000_000 + (100L * file.Length), $"Seed {seed}: {toOpen} bytes to open {file.Length}.");
                ReadEverything(checkpoint, file.Length);
                opened++;
            }
            catch (CheckpointFormatException error)
            {
                Assert.Contains("fuzz", error.Message, StringComparison.Ordinal);
                Assert.True(error.Message.Length < 2000, $"Seed {seed}: {error.Message}");
                Assert.DoesNotContain(error.Message, character => char.IsControl(character));
            }
            catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"Seed {seed}: {error}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 200_000_000, $"Seed {seed}: {allocated} bytes were allocated for a file of {file.Length}.");
            Assert.True(clock.ElapsedMilliseconds < 10_000, $"Seed {seed} took {clock.Elapsed}.");
        }

        // A fuzzer whose files are all refused at the door tests the door only.
        Assert.InRange(opened, Count / 50, Count - (Count / 50));
    }

    private static void ReadEverything(Checkpoint checkpoint, int fileLength)
    {
        long total = 0;
        foreach (TensorInfo tensor in checkpoint.Tensors.Values)
        {
            total += tensor.ByteCount;
            checkpoint.ReadBytes(tensor.Name, new byte[tensor.ByteCount]);
            if (tensor.ElementType.IsFloat())
                checkpoint.Read(tensor.Name, new float[tensor.Count]);
            else
                checkpoint.Read(tensor.Name, new long[tensor.Count]);
        }

        Assert.True(total <= (4L * fileLength) + (64 << 20), $"{fileLength} bytes became tensors of {total}.");
        Assert.Throws<CheckpointFormatException>(() => GsasrArchitecture.Recognise(checkpoint));
    }

    private static byte[] Mutate(byte[][] originals, Random random)
    {
        byte[] file = [.. originals[random.Next(originals.Length)]];
        int mutations = 1 + random.Next(4);
        for (int i = 0; i < mutations && file.Length > 0; i++)
        {
            // Headers, pickles and tables of contents lie at the ends of a file, its values in the middle.
            int at = random.Next(3) == 0 ? random.Next(file.Length) : random.Next(Math.Min(file.Length, 700));
            if (random.Next(4) == 0)
                at = file.Length - 1 - at;
            file = MutateAt(file, at, originals, random);
        }

        return file;
    }

    private static byte[] MutateAt(byte[] file, int at, byte[][] originals, Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2:
                Span<byte> value = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(value, TellingValues[random.Next(TellingValues.Length)]);
                value[..Math.Min(1 << random.Next(4), file.Length - at)].CopyTo(file.AsSpan(at));
                return file;
            case 3:
                return [.. file[..at], .. file[Math.Min(file.Length, at + 1 + random.Next(16))..]];
            case 4:
                var inserted = new byte[1 + random.Next(16)];
                random.NextBytes(inserted);
                return [.. file[..at], .. inserted, .. file[at..]];
            case 5:
                int length = Math.Min(1 + random.Next(64), file.Length - at);
                return [.. file[..(at + length)], .. file[at..]];
            case 6:
                byte[] other = originals[random.Next(originals.Length)];
                int from = random.Next(other.Length);
                other.AsSpan(from, Math.Min(Math.Min(1 + random.Next(32), other.Length - from), file.Length - at)).CopyTo(file.AsSpan(at));
                return file;
            default:
                // Digits of a JSON header, or a small operand.
                file[at] = (byte)"0123456789(tuRQ.}]"[random.Next(18)];
                return file;
        }
    }
}
