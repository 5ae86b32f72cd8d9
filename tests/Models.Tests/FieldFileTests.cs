using System.Globalization;
using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Fields of Gaussians in files: what is written is read, and what is damaged is refused in one line.</summary>
public sealed class FieldFileTests
{
    [Theory]
    [InlineData(GaussianLayout.Raw)]
    [InlineData(GaussianLayout.Activated)]
    public void What_was_written_is_read_bit_by_bit(GaussianLayout layout)
    {
        FieldData field = Make(layout, 50);
        FieldData read = Read(Bytes(field));
        Assert.Equal(field.Gaussians, read.Gaussians);
        Assert.Equal(field with { Gaussians = read.Gaussians }, read);
    }

    [Theory]
    [InlineData(GaussianLayout.Raw)]
    [InlineData(GaussianLayout.Activated)]
    public void Quantised_fields_keep_every_column_to_a_step(GaussianLayout layout)
    {
        FieldData field = Make(layout, 500);
        byte[] bytes = Bytes(field, quantised: true);
        Assert.InRange(bytes.Length, 1, Bytes(field).Length / 2 + 1000);
        FieldData read = Read(bytes);
        Assert.Equal(field.Count, read.Count);
        int columns = field.Columns;
        for (int column = 0; column < Math.Min(columns, 9); column++)
        {
            bool logarithmic = layout == GaussianLayout.Activated && column < 2;
            double Value(FieldData data, int i) =>
                logarithmic ? Math.Log(data.Gaussians[i * columns + column]) : data.Gaussians[i * columns + column];
            double[] exact = [.. Enumerable.Range(0, field.Count).Select(i => Value(field, i))];
            double step = (exact.Max() - exact.Min()) / 65535;
            for (int i = 0; i < field.Count; i++)
                Assert.InRange(Math.Abs(Value(read, i) - exact[i]), 0, 0.51 * step + 1e-6 * Math.Abs(exact[i]));
        }
    }

    [Fact]
    public void Quantised_columns_of_one_value_stay_that_value()
    {
        FieldData field = Make(GaussianLayout.Activated, 5);
        for (int i = 0; i < 5; i++)
            field.Gaussians[i * 8 + 2] = 0.99999994f;
        FieldData read = Read(Bytes(field, quantised: true));
        for (int i = 0; i < 5; i++)
            Assert.Equal(0.99999994f, read.Gaussians[i * 8 + 2]);
    }

    [Fact]
    public void The_same_field_gives_the_same_bytes() =>
        Assert.Equal(Bytes(Make(GaussianLayout.Raw, 20)), Bytes(Make(GaussianLayout.Raw, 20)));

    [Theory]
    [InlineData(0, float.NaN, "Gaussian 3 has a value that is not a number")]
    [InlineData(5, float.PositiveInfinity, "Gaussian 3 has a value that is not a number")]
    [InlineData(0, 0f, "Gaussian 3 has a standard deviation of 0,")]
    [InlineData(1, -2f, "Gaussian 3 has a standard deviation of -2,")]
    [InlineData(2, 1f, "Gaussian 3 has a correlation of 1,")]
    [InlineData(2, -1.5f, "Gaussian 3 has a correlation of -1.5,")]
    public void Numbers_outside_their_range_are_refused(int column, float value, string part)
    {
        FieldData field = Make(GaussianLayout.Activated, 9);
        field.Gaussians[3 * 8 + column] = value;
        AssertRefused(Bytes(field), part);
    }

    [Fact]
    public void A_raw_value_that_is_not_a_number_is_refused()
    {
        FieldData field = Make(GaussianLayout.Raw, 9);
        field.Gaussians[^1] = float.NaN;
        AssertRefused(Bytes(field), "Gaussian 8 has a value that is not a number");
    }

    [Theory]
    [InlineData("version", "2", "version '2'", "reads version 1")]
    [InlineData("format", "other", "no field of Gaussians")]
    [InlineData("layout", "polar", "layout", "'polar'", "'raw' or 'activated'")]
    [InlineData("width", "0", "width", "'0'")]
    [InlineData("width", "-3", "width", "'-3'")]
    [InlineData("height", "1e3", "height", "'1e3'")]
    [InlineData("canvas_width", "8", "canvas_width is a whole number from 20", "'8'")]
    [InlineData("canvas_height", "99999999999", "canvas_height", "'99999999999'")]
    [InlineData("scale", "NaN", "scale is a number from 0.001 to 1000", "'NaN'")]
    [InlineData("scale", "0", "scale", "'0'")]
    [InlineData("dmax", "-1", "dmax", "'-1'")]
    [InlineData("geometry", "flat", "geometry", "'flat'")]
    [InlineData("bits", "12", "bits", "'12'")]
    [InlineData("colours", "\u001b[31m", "colours", "\\u001b[31m")]
    public void Notes_outside_their_range_are_refused(string key, string value, params string[] parts)
    {
        FieldData field = Make(GaussianLayout.Activated, 4);
        AssertRefused(Rewrite(field, metadata => metadata[key] = value), parts);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("layout")]
    [InlineData("width")]
    [InlineData("canvas_height")]
    [InlineData("scale")]
    [InlineData("dmax")]
    public void Missing_notes_are_named(string key) =>
        AssertRefused(Rewrite(Make(GaussianLayout.Activated, 4), metadata => metadata.Remove(key)), $"lacks '{key}'");

    [Fact]
    public void Tensors_that_do_not_belong_are_refused()
    {
        FieldData field = Make(GaussianLayout.Activated, 4);
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.SetZeros("more", 3)), "'more'", "2 tensors");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.SetZeros("image", 3, 3, 3)), "image", "[3, 3, 3]", "[10, 20, 3]");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.Set<float>("image", ElementType.Float32, [10, 20, 3], NotNumbers(600))), "image");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.Remove("gaussians")), "no tensor 'gaussians'");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.SetZeros("gaussians", 4, 7)), "[4, 7]", "[count, 8]");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.SetZeros("gaussians", 0, 8)), "[0, 8]");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.SetZeros("gaussians", 32)), "[32]");
        AssertRefused(Rewrite(field, _ => { }, tensors => tensors.Set<short>("gaussians", ElementType.Int16, [4, 8], new short[32])), "1 tensors and not 3");
    }

    [Fact]
    public void A_model_is_no_field() => AssertRefused(
        File.ReadAllBytes(TestData.ModelFile("gsasr-lite.safetensors")), "no field of Gaussians", "'gsasr field'");

    [Fact]
    public void Files_that_end_anywhere_are_refused()
    {
        byte[] bytes = Bytes(Make(GaussianLayout.Activated, 4));
        for (int length = 0; length < bytes.Length; length++)
            AssertRefused(bytes[..length]);
    }

    [Fact]
    public void A_claim_of_a_million_million_Gaussians_is_refused_before_anything_is_allocated()
    {
        string header = """
            {"__metadata__":{"format":"gsasr-field","version":"1"},"gaussians":{"dtype":"F32","shape":[1000000000000,8],"data_offsets":[0,32000000000000]}}
            """;
        byte[] json = System.Text.Encoding.UTF8.GetBytes(header.Trim());
        byte[] bytes = [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. new byte[64]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(bytes, "1000000000000");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        byte[][] originals =
        [
            Bytes(Make(GaussianLayout.Raw, 6)),
            Bytes(Make(GaussianLayout.Activated, 6)),
            Bytes(Make(GaussianLayout.Activated, 6), quantised: true),
        ];
        int count = int.Parse(Environment.GetEnvironmentVariable("GSASR_FUZZ_COUNT") ?? "3000", CultureInfo.InvariantCulture);
        int read = 0;
        for (int seed = 0; seed < count; seed++)
        {
            var random = new Random(seed);
            byte[] file = [.. originals[random.Next(originals.Length)]];
            for (int change = random.Next(3); change >= 0; change--)
                file = Damage(file, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                FieldData field = Read(file);
                Assert.InRange(field.Count, 1, file.Length);
                read++;
            }
            catch (CheckpointFormatException error)
            {
                AssertIsOneLine(error.Message);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000 + 100L * file.Length);
        }

        // A fuzzer whose files are all refused at the door tests the door only.
        Assert.InRange(read, count / 50, count - count / 10);
    }

    internal static FieldData Make(GaussianLayout layout, int count)
    {
        ulong hash = SeededNumbers.Hash($"field/{layout}");
        int columns = FieldData.ColumnsOf(layout);
        var gaussians = new float[count * columns];
        for (int i = 0; i < gaussians.Length; i++)
        {
            float u = SeededNumbers.Uniform(hash, i);
            gaussians[i] = (layout, i % columns) switch
            {
                (GaussianLayout.Activated, 0 or 1) => MathF.Exp(2 * u),
                (GaussianLayout.Raw, 9 or 10) => 1e-8f * u,
                (_, 2) => 0.9f * u,
                _ => 0.5f + 0.6f * u,
            };
        }

        return new FieldData
        {
            Layout = layout,
            Gaussians = gaussians,
            Width = 20,
            Height = 10,
            CanvasWidth = 24,
            CanvasHeight = 12,
            Scale = 2.7,
            DMax = 0.1,
            IsGrey = layout == GaussianLayout.Raw,
            BitDepth = layout == GaussianLayout.Raw ? 16 : 8,
            Source = "a test",
            PublishedGeometry = layout == GaussianLayout.Raw,
        };
    }

    private static byte[] Bytes(FieldData field, bool quantised = false)
    {
        using var stream = new MemoryStream();
        FieldFile.Write(stream, field, quantised);
        return stream.ToArray();
    }

    private static FieldData Read(byte[] bytes) => FieldFile.Read(new MemoryStream(bytes), "damaged.safetensors");

    private static byte[] Rewrite(
        FieldData field, Action<Dictionary<string, string>> changeMetadata, Action<MemoryCheckpoint>? changeTensors = null)
    {
        using SafetensorsCheckpoint original = SafetensorsCheckpoint.Open(new MemoryStream(Bytes(field)), "original");
        var metadata = new Dictionary<string, string>(original.Metadata, StringComparer.Ordinal);
        changeMetadata(metadata);
        using var tensors = new MemoryCheckpoint(original);
        changeTensors?.Invoke(tensors);
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static float[] NotNumbers(int count) => [.. Enumerable.Repeat(float.NaN, count)];

    private static void AssertRefused(byte[] bytes, params string[] parts)
    {
        string message = Assert.Throws<CheckpointFormatException>(() => Read(bytes)).Message;
        AssertIsOneLine(message);
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    private static void AssertIsOneLine(string message)
    {
        Assert.StartsWith("damaged.safetensors", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, character => char.IsControl(character));
        Assert.InRange(message.Length, 1, 600);
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        int at = random.Next(file.Length);
        switch (random.Next(6))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2:
                return [.. file[..at], .. file[Math.Min(file.Length, at + 1 + random.Next(16))..], 0];
            case 3:
                return [.. file[..at], .. new byte[1 + random.Next(16)], .. file[at..]];
            case 4:
                BitConverter.TryWriteBytes(file.AsSpan(Math.Min(at, file.Length - 4), 4), random.Next(2) == 0 ? int.MaxValue : float.NaN);
                return file;
            default:
                file[Math.Min(at, file.Length - 1)] = (byte)"0123456789"[random.Next(10)];
                return file;
        }
    }
}
