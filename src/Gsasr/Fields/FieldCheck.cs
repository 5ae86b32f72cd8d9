using System.Globalization;
using System.Numerics.Tensors;
using Gsasr.Checkpoints;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fields;

/// <summary>Checks that the numbers of Gaussians are in their ranges.</summary>
internal static class FieldCheck
{
    /// <summary>Refuses Gaussians that cannot be drawn.</summary>
    /// <param name="source">The file's name, for the message.</param>
    /// <param name="gaussians">[count, columns].</param>
    /// <param name="layout">What the columns mean.</param>
    /// <exception cref="CheckpointFormatException">A number is not finite or outside its range.</exception>
    public static void Run(string source, float[] gaussians, GaussianLayout layout)
    {
        int columns = FieldData.ColumnsOf(layout);
        for (int i = 0; i < gaussians.Length; i += columns)
        {
            ReadOnlySpan<float> row = gaussians.AsSpan(i, columns);
            if (!TensorPrimitives.IsFiniteAll(row))
                throw Wrong(source, i / columns, "a value that is not a number or infinite");
            if (layout == GaussianLayout.Raw)
                continue;
            float sigma = Math.Min(row[GaussianFormat.Activated.SigmaX], row[GaussianFormat.Activated.SigmaY]);
            if (!(sigma > 0))
                throw Wrong(source, i / columns, $"a standard deviation of {Text(sigma)}, which must be above 0");
            if (!(Math.Abs(row[GaussianFormat.Activated.Rho]) < 1))
                throw Wrong(source, i / columns, $"a correlation of {Text(row[GaussianFormat.Activated.Rho])}, which must lie between -1 and 1");
        }
    }

    private static CheckpointFormatException Wrong(string source, int index, string fault) =>
        new($"{source} is a damaged field: Gaussian {index} has {fault}.");

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);
}
