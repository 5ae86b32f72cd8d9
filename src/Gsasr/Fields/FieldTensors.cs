using System.Buffers.Binary;
using System.Numerics.Tensors;
using Gsasr.Checkpoints;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fields;

/// <summary>
/// The tensors of a field's file: Gaussians as float32, or as 16-bit numbers q that stand for minimum + step (q + 32768), column by column.
/// </summary>
internal sealed class FieldTensors : Checkpoint
{
    private const int Levels = ushort.MaxValue;
    private const int Zero = -short.MinValue;

    private readonly FieldData _field;
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly float[] _minimum = [];
    private readonly float[] _step = [];
    private readonly int _columns;

    public FieldTensors(FieldData field, bool quantised)
    {
        _field = field;
        _columns = quantised ? QuantisedColumns(field.Layout) : field.Columns;
        if ((long)field.Count * _columns * sizeof(float) > MaxTensorBytes)
            throw new ArgumentException($"A field of {field.Count} Gaussians is too large for a file; its tensor may have {MaxTensorBytes} bytes.", nameof(field));
        Add(FieldFile.GaussiansName, quantised ? ElementType.Int16 : ElementType.Float32, field.Count, _columns);
        if (field.EvenImage is not null)
            Add(FieldFile.ImageName, ElementType.Float32, field.Height, field.Width, 3);
        if (!quantised)
            return;
        _minimum = new float[_columns];
        _step = new float[_columns];
        for (int column = 0; column < _columns; column++)
            FindRange(column);
        Add(FieldFile.MinimumName, ElementType.Float32, _columns);
        Add(FieldFile.StepName, ElementType.Float32, _columns);
    }

    public override string Source => "the field";

    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Reads the Gaussians of a file whose header has been validated against its length.</summary>
    /// <param name="file">The file.</param>
    /// <param name="layout">What the columns mean.</param>
    /// <returns>[count, columns of the layout]; the ranges are not checked yet.</returns>
    public static float[] Read(Checkpoint file, GaussianLayout layout)
    {
        if (!file.Tensors.TryGetValue(FieldFile.GaussiansName, out TensorInfo? info))
            throw new CheckpointFormatException($"{file.Source} is a damaged field: it has no tensor '{FieldFile.GaussiansName}'.");
        bool quantised = info.ElementType == ElementType.Int16;
        int columns = FieldData.ColumnsOf(layout);
        int stored = quantised ? QuantisedColumns(layout) : columns;
        if (info.ElementType is not (ElementType.Float32 or ElementType.Int16) || info.Shape.Count != 2 || info.Shape[0] < 1 || info.Shape[1] != stored)
        {
            throw new CheckpointFormatException(
                $"{file.Source} is a damaged field: its Gaussians are {info.ElementType} {info.ShapeText}, not [count, {stored}] float32 or int16 values.");
        }

        int expected = (quantised ? 3 : 1) + (file.Tensors.ContainsKey(FieldFile.ImageName) ? 1 : 0);
        if (file.Tensors.Count != expected)
        {
            string surplus = file.Tensors.Keys.Order(StringComparer.Ordinal).FirstOrDefault(name =>
                name is not (FieldFile.GaussiansName or FieldFile.ImageName) && !(quantised && name is FieldFile.MinimumName or FieldFile.StepName)) ?? "";
            throw new CheckpointFormatException(
                $"{file.Source} is a damaged field: it has {file.Tensors.Count} tensors and not {expected}{(surplus.Length > 0 ? $"; {Quote.Name(surplus)} is none of a field's" : "")}.");
        }

        long floats = (long)info.Shape[0] * columns;
        if (floats * sizeof(float) > MaxTensorBytes)
            throw new CheckpointFormatException($"{file.Source}: a field of {info.Shape[0]} Gaussians is larger than is read.");
        if (!quantised)
        {
            var gaussians = new float[floats];
            file.Read(FieldFile.GaussiansName, gaussians);
            return gaussians;
        }

        float[] minimum = ReadRange(file, FieldFile.MinimumName, stored);
        float[] step = ReadRange(file, FieldFile.StepName, stored);
        var numbers = new byte[info.ByteCount];
        file.ReadBytes(FieldFile.GaussiansName, numbers);
        return Expand(numbers, minimum, step, layout, info.Shape[0]);
    }

    /// <summary>Reads the described image, if the file has it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="width">Columns of the described image.</param>
    /// <param name="height">Rows of the described image.</param>
    public static float[]? ReadImage(Checkpoint file, int width, int height)
    {
        if (!file.Tensors.TryGetValue(FieldFile.ImageName, out TensorInfo? info))
            return null;
        if (info.ElementType != ElementType.Float32 || !info.HasShape(height, width, 3))
        {
            throw new CheckpointFormatException(
                $"{file.Source} is a damaged field: its image is {info.ElementType} {info.ShapeText}, not [{height}, {width}, 3] float32 values.");
        }

        var image = new float[info.Count];
        file.Read(FieldFile.ImageName, image);
        if (!TensorPrimitives.IsFiniteAll<float>(image))
            throw new CheckpointFormatException($"{file.Source} is a damaged field: its image holds a value that is not a number or infinite.");
        return image;
    }

    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        if (tensor.Name == FieldFile.GaussiansName && tensor.ElementType == ElementType.Int16)
        {
            for (int i = 0; i < _field.Count * _columns; i++)
            {
                int column = i % _columns;
                double level = _step[column] == 0 ? 0 : (Value(i / _columns, column) - _minimum[column]) / _step[column];
                short number = (short)(Math.Clamp(Math.Round(level), 0, Levels) - Zero);
                BinaryPrimitives.WriteInt16LittleEndian(destination[(2 * i)..], number);
            }

            return;
        }

        float[] values = tensor.Name switch
        {
            FieldFile.MinimumName => _minimum,
            FieldFile.StepName => _step,
            FieldFile.ImageName => _field.EvenImage!,
            _ => _field.Gaussians,
        };
        FloatTensors.Write(values, destination);
    }

    // The remainder that float32 leaves out of a mean is less than a 16-bit step.
    private static int QuantisedColumns(GaussianLayout layout) =>
        layout == GaussianLayout.Raw ? GaussianFormat.Raw.PublishedColumns : GaussianFormat.Activated.ColumnsOfRgb;

    // Standard deviations are kept as logarithms, so that a step is a share of the deviation.
    private static bool IsLogarithmic(GaussianLayout layout, int column) =>
        layout == GaussianLayout.Activated && column is GaussianFormat.Activated.SigmaX or GaussianFormat.Activated.SigmaY;

    private static float[] ReadRange(Checkpoint file, string name, int columns)
    {
        if (!file.Tensors.TryGetValue(name, out TensorInfo? info) || info.ElementType != ElementType.Float32 || !info.HasShape(columns))
            throw new CheckpointFormatException($"{file.Source} is a damaged field: it needs a tensor '{name}' of {columns} float32 values.");
        var values = new float[columns];
        file.Read(name, values);
        return values;
    }

    private static float[] Expand(byte[] numbers, float[] minimum, float[] step, GaussianLayout layout, int count)
    {
        int stored = minimum.Length;
        int columns = FieldData.ColumnsOf(layout);
        var gaussians = new float[count * columns];
        for (int i = 0; i < count; i++)
        {
            for (int column = 0; column < stored; column++)
            {
                int level = BinaryPrimitives.ReadInt16LittleEndian(numbers.AsSpan(2 * (i * stored + column))) + Zero;
                double value = minimum[column] + (double)step[column] * level;
                gaussians[i * columns + column] = (float)(IsLogarithmic(layout, column) ? Math.Exp(value) : value);
            }
        }

        return gaussians;
    }

    private double Value(int index, int column)
    {
        float value = _field.Gaussians[index * _field.Columns + column];
        return IsLogarithmic(_field.Layout, column) ? Math.Log(value) : value;
    }

    private void FindRange(int column)
    {
        double least = double.MaxValue;
        double most = double.MinValue;
        for (int i = 0; i < _field.Count; i++)
        {
            double value = Value(i, column);
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        // The largest level must not exceed the largest value, or a correlation would become 1.
        var minimum = (float)least;
        if (minimum < least)
            minimum = MathF.BitIncrement(minimum);
        var step = (float)((most - minimum) / Levels);
        while (step > 0 && minimum + (double)step * Levels > most)
            step = MathF.BitDecrement(step);
        _minimum[column] = minimum;
        _step[column] = Math.Max(0, step);
    }

    private void Add(string name, ElementType type, params int[] shape) => _tensors.Add(name, new TensorInfo(name, type, shape));
}
