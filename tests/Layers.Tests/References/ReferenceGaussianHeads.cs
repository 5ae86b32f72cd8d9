namespace Gsasr.Layers.Tests;

/// <summary>
/// Five networks C -> ReLU C -> ReLU 4C -> k of one cell, one after the other, written from the definition of
/// <see cref="GaussianHeads"/>.
/// </summary>
/// <param name="Channels">C.</param>
/// <param name="First">[C, C] and [C] of each network.</param>
/// <param name="Second">[4C, C] and [4C] of each network.</param>
/// <param name="Third">[k, 4C] and [k] of each network.</param>
internal sealed record ReferenceGaussianHeads(
    int Channels,
    IReadOnlyList<(float[] Weight, float[] Bias)> First,
    IReadOnlyList<(float[] Weight, float[] Bias)> Second,
    IReadOnlyList<(float[] Weight, float[] Bias)> Third)
{
    private const int MeanX = 7;
    private const int MeanY = 8;

    // What the contract allows the sum of a mean and its remainder.
    private const double MeanError = 1e-9;

    /// <summary>The Gaussians of a block of cells: [rows, columns, 9], their means before they are rounded to float32.</summary>
    /// <param name="x">[rows, columns, C].</param>
    /// <param name="columns">Columns of the block.</param>
    /// <param name="block">Where it stands.</param>
    public Bounded[] Run(float[] x, int columns, GridBlock block)
    {
        float[] columnCentres = block.ColumnCentres(columns);
        float[] rowCentres = block.RowCentres(x.Length / Channels / columns);
        var gaussians = new List<Bounded>();
        for (int cell = 0; cell < x.Length / Channels; cell++)
        {
            Bounded[] features = [.. x.AsSpan(cell * Channels, Channels).ToArray().Select(value => (Bounded)value)];
            var gaussian = new List<Bounded>();
            for (int head = 0; head < First.Count; head++)
            {
                Bounded[] hidden = [.. Linear(features, First[head]).Select(Bounded.Relu)];
                Bounded[] wide = [.. Linear(hidden, Second[head]).Select(Bounded.Relu)];
                gaussian.AddRange(Linear(wide, Third[head]));
            }

            gaussian[MeanX] = Mean(gaussian[MeanX], block.GridWidth, columnCentres[cell % columns]);
            gaussian[MeanY] = Mean(gaussian[MeanY], block.GridHeight, rowCentres[cell / columns]);
            gaussians.AddRange(gaussian);
        }

        return [.. gaussians];
    }

    private static Bounded Mean(Bounded output, int gridSize, float centre) =>
        new((output.Value / gridSize) + centre, (output.Error / gridSize) + MeanError);

    private static Bounded[] Linear(Bounded[] input, (float[] Weight, float[] Bias) layer)
    {
        var output = new Bounded[layer.Bias.Length];
        for (int n = 0; n < output.Length; n++)
        {
            var sum = default(BoundedSum);
            for (int k = 0; k < input.Length; k++)
                sum.Add(input[k], layer.Weight[(n * input.Length) + k]);
            output[n] = sum.Sum + layer.Bias[n];
        }

        return output;
    }
}
