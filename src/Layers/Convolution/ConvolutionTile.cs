using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>One of the tile sizes of matrix products on GPUs (TileProduct), and what it costs.</summary>
/// <param name="Convolve">Fetches neighbourhoods of pixels and finishes the result.</param>
/// <param name="MultiplyPlanes">Multiplies the planes of a Winograd convolution.</param>
/// <param name="Rows">Rows that a group computes.</param>
/// <param name="Columns">Columns that a group computes.</param>
/// <param name="GroupsPerProcessor">Groups that a multiprocessor of NVIDIA hardware runs side by side.</param>
/// <param name="RelativeTime">Time for a multiplication, relative to the best tile's, measured on an H200.</param>
internal sealed record ConvolutionTile(
    Kernel<ConvolutionKernels.Convolve.Arguments> Convolve,
    Kernel<ConvolutionKernels.MultiplyPlanes.Arguments> MultiplyPlanes,
    int Rows,
    int Columns,
    int GroupsPerProcessor,
    double RelativeTime)
{
    /// <summary>What a second launch costs, in the unit of <see cref="Time"/>.</summary>
    public const double LaunchTime = 2000;

    // A wave with few groups takes at least this share of the time of a full one.
    private const double LeastWave = 0.3;

    private static readonly ConvolutionTile[] s_all =
    [
        new(
            ConvolutionKernels.Convolve.Tile128x64,
            ConvolutionKernels.MultiplyPlanes.Tile128x64,
            Tile128x64.Rows,
            Tile128x64.Columns,
            Tile128x64.GroupsPerProcessor,
            1.0),
        new(
            ConvolutionKernels.Convolve.Tile64x64,
            ConvolutionKernels.MultiplyPlanes.Tile64x64,
            Tile64x64.Rows,
            Tile64x64.Columns,
            Tile64x64.GroupsPerProcessor,
            1.08),
    ];

    /// <summary>The tiles. The last of them runs on every device; the others need more local memory.</summary>
    public static ReadOnlySpan<ConvolutionTile> All => s_all;

    private double WaveTime => GroupsPerProcessor * Rows * Columns * RelativeTime;

    /// <summary>Whether a device has the local memory for the tile.</summary>
    /// <param name="device">The device.</param>
    public bool RunsOn(GpuDevice device) => device.Supports(Convolve);

    /// <summary>The groups of a product.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    public long Groups(int rows, int columns) =>
        (long)LayerKernels.DivideUp(rows, Rows) * LayerKernels.DivideUp(columns, Columns);

    /// <summary>
    /// The time for groups, in multiply-adds of a processor for each step of the depth. The device works through the groups in waves, and a
    /// last wave that is nearly empty takes almost as long as a full one.
    /// </summary>
    /// <param name="processors">The device's processors.</param>
    /// <param name="groups">How many groups there are.</param>
    public double Time(int processors, long groups)
    {
        double waves = (double)groups / (processors * GroupsPerProcessor);
        double last = waves - Math.Floor(waves);
        return WaveTime * (Math.Floor(waves) + (last > 0 ? LeastWave + (1 - LeastWave) * last : 0));
    }

    /// <summary>The rows whose groups fill whole waves.</summary>
    /// <param name="processors">The device's processors.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Its columns.</param>
    public int RowsInFullWaves(int processors, int rows, int columns)
    {
        int columnTiles = LayerKernels.DivideUp(columns, Columns);
        int wave = processors * GroupsPerProcessor;
        long rowTiles = Groups(rows, columns) / wave * wave / columnTiles;
        return (int)Math.Min(rowTiles * Rows, rows);
    }
}
