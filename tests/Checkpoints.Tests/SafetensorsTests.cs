using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Text;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class SafetensorsTests
{
    [Fact]
    public void Every_element_type_survives_writing_and_reading()
    {
        using var original = new MemoryCheckpoint();
        original
            .Set<double>("double", ElementType.Float64, [3], 1.5, -1e300, double.NaN)
            .Set<float>("single", ElementType.Float32, [1, 3], 1.5f, float.NegativeInfinity, -0f)
            .Set<Half>("half", ElementType.Float16, [2], (Half)65504, Half.Epsilon)
            .Set<ushort>("brain", ElementType.BFloat16, [2], 0x3fc0, 0xff80)
            .Set<long>("long", ElementType.Int64, [2], long.MinValue, 7)
            .Set<int>("int", ElementType.Int32, [2], int.MinValue, 7)
            .Set<short>("short", ElementType.Int16, [2], short.MinValue, 7)
            .Set<sbyte>("signed", ElementType.Int8, [2], -128, 127)
            .Set<byte>("unsigned", ElementType.UInt8, [2], 255, 0)
            .Set<byte>("bool", ElementType.Bool, [3], 1, 0, 1)
            .Set<float>("scalar", ElementType.Float32, [], 3.25f)
            .Set<float>("empty", ElementType.Float32, [0, 4])
            .Set<float>("naïve \"name\"\n名前", ElementType.Float32, [1], 1f);
        var metadata = new Dictionary<string, string> { ["key"] = "value \"quoted\"", ["Ä"] = "" };
        byte[] file = Write(original, metadata);
        using var read = SafetensorsCheckpoint.Open(new MemoryStream(file), "test");
        Assert.Equal(metadata.OrderBy(entry => entry.Key), read.Metadata.OrderBy(entry => entry.Key));
        Assert.Equal(original.Tensors.Keys.Order(), read.Tensors.Keys.Order());
        foreach (TensorInfo tensor in original.Tensors.Values)
        {
            TensorInfo other = read.Tensors[tensor.Name];
            Assert.Equal((tensor.ElementType, tensor.ShapeText), (other.ElementType, other.ShapeText));
            var expected = new byte[tensor.ByteCount];
            var actual = new byte[tensor.ByteCount];
            original.ReadBytes(tensor.Name, expected);
            read.ReadBytes(tensor.Name, actual);
            Assert.Equal(expected, actual);
        }

        Assert.Equal([1.5f, float.NegativeInfinity, float.NaN], Floats(read, "double"));
        Assert.Equal([1.5f, float.NegativeInfinity, -0f], Floats(read, "single"));
        Assert.Equal([65504f, (float)Half.Epsilon], Floats(read, "half"));
        Assert.Equal([1.5f, float.NegativeInfinity], Floats(read, "brain"));
        Assert.Equal([long.MinValue, 7], Integers(read, "long"));
        Assert.Equal([int.MinValue, 7], Integers(read, "int"));
        Assert.Equal([short.MinValue, 7], Integers(read, "short"));
        Assert.Equal([-128, 127], Integers(read, "signed"));
        Assert.Equal([255, 0], Integers(read, "unsigned"));
        Assert.Equal([1, 0, 1], Integers(read, "bool"));
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_order_of_tensors_and_values_are_aligned()
    {
        using var one = new MemoryCheckpoint();
        one.Set<float>("b", ElementType.Float32, [1], 1f).Set<byte>("a", ElementType.UInt8, [3], 1, 2, 3)
            .Set<long>("c", ElementType.Int64, [1], 5);
        using var other = new MemoryCheckpoint();
        other.Set<long>("c", ElementType.Int64, [1], 5).Set<byte>("a", ElementType.UInt8, [3], 1, 2, 3)
            .Set<float>("b", ElementType.Float32, [1], 1f);
        byte[] file = Write(one, new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" });
        Assert.Equal(file, Write(other, new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" }));
        long headerLength = BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, headerLength % 8);
        Assert.Equal(5, BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(8 + (int)headerLength)));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_write_keeps_the_mode_of_what_it_replaces_and_removes_what_a_killed_program_left()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Modes are those of Unix.");
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        File.WriteAllText(path, "before");
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        File.WriteAllText(folder.File($".gsasr-1-{Guid.NewGuid():N}.tmp"), "half");
        using var checkpoint = new MemoryCheckpoint();
        checkpoint.SetZeros("a", 3);
        SafetensorsWriter.Write(path, checkpoint, new Dictionary<string, string>(), overwrite: true);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        File.WriteAllText(path, "precious");
        using var seeded = SeededCheckpoint.Open("edsr");
        using var broken = new MemoryCheckpoint();
        broken.SetZeros("__metadata__", 3);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, broken, new Dictionary<string, string>(), overwrite: true));
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(path, seeded, new Dictionary<string, string>(), overwrite: false));
        Assert.Equal("precious", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Wrong_requests_are_the_callers_mistake_and_say_so()
    {
        using var checkpoint = SafetensorsCheckpoint.Open(Build(Valid, 12), "test");
        AssertMessage<KeyNotFoundException>("has no tensor 'b'", () => checkpoint.Read("b", new float[3]));
        AssertMessage<ArgumentException>("3 values, not 4", () => checkpoint.Read("a", new float[4]));
        AssertMessage<ArgumentException>("12 bytes, not 11", () => checkpoint.ReadBytes("a", new byte[11]));
    }

    [Fact]
    public void Indices_out_of_range_are_refused()
    {
        using var checkpoint = new MemoryCheckpoint();
        checkpoint.Set<long>("index", ElementType.Int64, [3], 0, 528, 3).Set<long>("negative", ElementType.Int64, [1], -1);
        Assert.Equal([0, 528, 3], checkpoint.ReadIndices("index", 529));
        Assert.Throws<CheckpointFormatException>(() => checkpoint.ReadIndices("index", 528));
        Assert.Throws<CheckpointFormatException>(() => checkpoint.ReadIndices("negative", 528));
    }

    private const string Valid = """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""";

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 12, null)]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}   """, 12, null)]
    [InlineData("{}", 0, null)]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 11, "is cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 13, "1 more bytes follow")]
    [InlineData(""" {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 12, "not a JSON object")]
    [InlineData("""[{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}]""", 12, "not a JSON object")]
    [InlineData("", 12, "not a JSON object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}x""", 12, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}{}""", 12, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}""", 12, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},}""", 12, "not valid JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 12, "not valid JSON")]
    [InlineData("""{"a":7}""", 0, "'a' is not an object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3]}}""", 12, "lacks dtype, shape")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,12]}}""", 12, "lacks dtype, shape")]
    [InlineData("""{"a":{"shape":[3],"data_offsets":[0,12]}}""", 12, "lacks dtype, shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12],"extra":1}}""", 12, "unknown property 'extra'")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", 12, "dtype twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"a":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}}""", 12, "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}}""", 12, "twice")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]}}""", 3, "type 'F8_E4M3', which is not read")]
    [InlineData("""{"a":{"dtype":4,"shape":[3],"data_offsets":[0,12]}}""", 12, "dtype is not a string")]
    [InlineData("""{"a":{"dtype":"F32","shape":3,"data_offsets":[0,12]}}""", 12, "shape is not an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-3],"data_offsets":[0,12]}}""", 12, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3.0],"data_offsets":[0,12]}}""", 12, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":["3"],"data_offsets":[0,12]}}""", 12, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3e0],"data_offsets":[0,12]}}""", 12, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,12]}}""", 12, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0, "extent of 4294967296")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,12]}}""", 12, "more values than are read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,3],"data_offsets":[0,12]}}""", 12, "more than 16 numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "cannot lie in bytes 0 to 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[12,0]}}""", 12, "cannot lie in bytes 12 to 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,6,12]}}""", 12, "more than 2 numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}""", 16, "leaves a gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"b":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}}""", 12, "overlaps")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "'k' is not a string")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "'k' appears twice")]
    [InlineData("""{"__metadata__":{"k":"1"},"__metadata__":{}}""", 0, "__metadata__ appears twice")]
    [InlineData("""{"__metadata__":[]}""", 0, "not an object")]
    public void Headers_are_held_to_the_format(string header, int dataLength, string? reason)
    {
        if (reason is null)
        {
            SafetensorsCheckpoint.Open(Build(header, dataLength), "test").Dispose();
            return;
        }

        var error = Assert.Throws<CheckpointFormatException>(() => SafetensorsCheckpoint.Open(Build(header, dataLength), "test"));
        Assert.True(error.Message.Contains(reason, StringComparison.Ordinal), error.Message);
    }

    [Theory]
    [InlineData(0UL, 0)]
    [InlineData(0UL, 7)]
    [InlineData(100UL, 50)]
    [InlineData(17_000_000UL, 50)]
    [InlineData(ulong.MaxValue, 50)]
    [InlineData(1UL << 63, 50)]
    public void Absurd_header_lengths_cost_nothing(ulong headerLength, int fileLength)
    {
        var file = new byte[Math.Max(fileLength, 8)];
        BinaryPrimitives.WriteUInt64LittleEndian(file, headerLength);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointFormatException>(() => SafetensorsCheckpoint.Open(new MemoryStream(file[..fileLength]), "test"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Names_from_the_file_cannot_reach_the_terminal()
    {
        const string Header = """{"\u001b[2J\u202eevil":{"dtype":"F99","shape":[3],"data_offsets":[0,12]}}""";
        var error = Assert.Throws<CheckpointFormatException>(() => SafetensorsCheckpoint.Open(Build(Header, 12), "test"));
        Assert.Contains(@"'\u001b[2J\u202eevil'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, character => char.IsControl(character));
    }

    private static void AssertMessage<TException>(string part, Action action)
        where TException : Exception =>
        Assert.Contains(part, Assert.Throws<TException>(action).Message, StringComparison.Ordinal);

    private static MemoryStream Build(string header, int dataLength)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return new MemoryStream(file);
    }

    private static byte[] Write(Checkpoint checkpoint, Dictionary<string, string> metadata)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, checkpoint, metadata);
        return stream.ToArray();
    }

    private static float[] Floats(Checkpoint checkpoint, string name)
    {
        var values = new float[checkpoint.Tensors[name].Count];
        checkpoint.Read(name, values);
        return values;
    }

    private static long[] Integers(Checkpoint checkpoint, string name)
    {
        var values = new long[checkpoint.Tensors[name].Count];
        checkpoint.Read(name, values);
        return values;
    }
}
