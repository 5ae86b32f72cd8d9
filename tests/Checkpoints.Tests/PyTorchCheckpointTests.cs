using System.Buffers.Binary;
using System.Text.Json;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Checkpoints.Tests;

public class PyTorchCheckpointTests
{
    public static TheoryData<string> GoodFiles() => [.. Files("ok_*.pth")];

    [Theory]
    [MemberData(nameof(GoodFiles))]
    public void Files_of_PyTorch_read_as_PyTorch_reads_them(string file)
    {
        using JsonDocument expectations = JsonDocument.Parse(File.ReadAllBytes(TestData.CheckpointFile("expected.json")));
        JsonElement expected = expectations.RootElement.GetProperty(file);
        using var checkpoint = PyTorchCheckpoint.Open(TestData.CheckpointFile(file));
        Assert.Equal(
            expected.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal),
            checkpoint.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (JsonProperty property in expected.EnumerateObject())
        {
            TensorInfo tensor = checkpoint.Tensors[property.Name];
            Assert.Equal(property.Value.GetProperty("dtype").GetString(), tensor.ElementType.ToString().ToLowerInvariant());
            Assert.Equal(property.Value.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32()), tensor.Shape);
            double[] values = [.. property.Value.GetProperty("values").EnumerateArray().Select(ToDouble)];
            var bytes = new byte[tensor.ByteCount];
            checkpoint.ReadBytes(tensor.Name, bytes);
            Assert.Equal(values, ToDoubles(tensor.ElementType, bytes));

            if (tensor.ElementType.IsFloat())
            {
                var singles = new float[tensor.Count];
                checkpoint.Read(tensor.Name, singles);
                Assert.Equal(values.Select(value => (float)value), singles);
                Assert.Throws<CheckpointFormatException>(() => checkpoint.Read(tensor.Name, new long[tensor.Count]));
            }
            else
            {
                var integers = new long[tensor.Count];
                checkpoint.Read(tensor.Name, integers);
                Assert.Equal(values.Select(value => (long)value), integers);
                Assert.Throws<CheckpointFormatException>(() => checkpoint.Read(tensor.Name, new float[tensor.Count]));
            }
        }
    }

    [Theory]
    [InlineData("bad_big_endian_marker.pth", "big-endian machine")]
    [InlineData("bad_bomb.pth", "compressed (to claim")]
    [InlineData("bad_duplicate_entry.pth", "two entries 'ok_zip_params_ema/data.pkl'")]
    [InlineData("bad_empty.pth", "is empty")]
    [InlineData("bad_getattr.pth", "wants to run '__builtin__.getattr'; refused")]
    [InlineData("bad_html.pth", "is a web page")]
    [InlineData("bad_legacy_truncated.pth", "is cut short")]
    [InlineData("bad_no_pickle.pth", "no PyTorch checkpoint")]
    [InlineData("bad_os_system_legacy.pth", "wants to run 'posix.system'; refused")]
    [InlineData("bad_os_system_zip.pth", "wants to run 'posix.system'; refused")]
    [InlineData("bad_storage_missing.pth", "no entry 'ok_zip_params_ema/data/1'")]
    [InlineData("bad_storage_short.pth", "should hold 108 Float32 values and has 428 bytes")]
    [InlineData("bad_text.pth", "Git LFS pointer")]
    [InlineData("bad_torchscript.pth", "TorchScript program")]
    [InlineData("bad_trailing_pickle.pth", "5 bytes follow the end of the pickle")]
    [InlineData("bad_traversal.pth", "names a place outside it, '../../evil.txt'")]
    [InlineData("bad_truncated.pth", "is cut short")]
    [InlineData("bad_view_huge.pth", "huge")]
    [InlineData("bad_view_negative.pth", "begins 4 values before its storage")]
    [InlineData("bad_view_past_end.pth", "reaches value 11 of a storage of 8")]
    [InlineData("bad_view_stride_overflow.pth", "reaches value 9223372036854775808 of a storage of 8")]
    [InlineData("bad_whole_module.pth", "holds a whole module ('torch.nn.modules.container.Sequential')")]
    public void Bad_files_are_refused_with_the_reason(string file, string reason) =>
        Untouched.Run(TestData.CheckpointFile(file), maxAllocatedBytes: 1024 * 1024, copy =>
        {
            var error = Assert.Throws<CheckpointFormatException>(() => PyTorchCheckpoint.Open(copy));
            Assert.StartsWith(copy, error.Message, StringComparison.Ordinal);
            Assert.True(error.Message.Contains(reason, StringComparison.Ordinal), error.Message);
        });

    [Fact]
    public void Every_bad_file_has_its_reason_in_the_list()
    {
        IEnumerable<string?> listed = typeof(PyTorchCheckpointTests).GetMethod(nameof(Bad_files_are_refused_with_the_reason))!
            .GetCustomAttributes(typeof(InlineDataAttribute), inherit: false)
            .Select(attribute => (string?)((InlineDataAttribute)attribute).Data[0]);
        Assert.Equal(Files("bad_*.pth"), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Views_read_alike_from_many_threads()
    {
        using var checkpoint = PyTorchCheckpoint.Open(TestData.CheckpointFile("ok_zip_views.pth"));
        var matrix = new float[24];
        checkpoint.Read("matrix", matrix);
        Parallel.For(0, 200, _ =>
        {
            var transposed = new float[24];
            checkpoint.Read("transposed", transposed);
            for (int i = 0; i < 24; i++)
                Assert.Equal(matrix[(i % 4 * 6) + (i / 4)], transposed[i]);
        });
    }

    private static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Path.Combine(TestData.Folder, "checkpoints"), pattern)
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static double ToDouble(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString() switch
        {
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            string other => throw new FormatException($"expected.json holds '{other}'."),
            null => throw new FormatException("expected.json holds null."),
        }
        : value.GetDouble();

    private static double[] ToDoubles(ElementType type, ReadOnlySpan<byte> bytes)
    {
        var values = new double[bytes.Length / type.Size()];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> value = bytes.Slice(i * type.Size(), type.Size());
            values[i] = type switch
            {
                ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(value),
                ElementType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(value),
                ElementType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(value),
                ElementType.BFloat16 => BinaryPrimitives.ReadSingleLittleEndian([0, 0, value[0], value[1]]),
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(value),
                ElementType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(value),
                ElementType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(value),
                ElementType.Int8 => (sbyte)value[0],
                _ => value[0],
            };
        }

        return values;
    }
}
