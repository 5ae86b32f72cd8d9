using System.Numerics.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Turns raw Gaussians into splats, one block of <see cref="SplatBlock.Size"/> for each item, and drops those that cannot
/// touch the viewport. Everything is computed in double precision: near rho = 1 or -1 an ellipse's width hangs on the
/// last bits of rho and of the sigmas.
/// </summary>
internal unsafe struct ActivateKernel : ICpuKernel
{
    /// <summary>[Count, Pitch] raw Gaussians.</summary>
    public float* Gaussians;
    public int Pitch;
    public int Count;

    /// <summary>One for each Gaussian, those of a block from its start on.</summary>
    public Splat* Splats;

    /// <summary>One for each block.</summary>
    public SplatBlock* Blocks;
    public Viewport Viewport;

    /// <summary>Whether two more columns hold what float32 left out of the means.</summary>
    public bool HasRemainders;

    // Columns of a raw Gaussian.
    private const int Sigma0 = 0;
    private const int Rho = 2;
    private const int Alpha = 3;
    private const int MeanX = 7;
    private const int MeanY = 8;
    private const int MeanRemainder = 2;

    // Constants of the published activations: sigma = SigmaGain * sigmoid + SigmaFloor, rho = RhoGain * tanh.
    private const double SigmaGain = 0.99999;
    private const double SigmaFloor = 1e-6;
    private const double RhoGain = 0.999999;
    private const int Activated = 7;

    public void Execute(int item, int worker)
    {
        int start = item * SplatBlock.Size;
        int count = Math.Min(SplatBlock.Size, Count - start);
        Splat* splats = Splats + start;
        double* exponentials = stackalloc double[SplatBlock.Size * Activated];
        float** kept = stackalloc float*[SplatBlock.Size];

        var block = new SplatBlock { FirstTileRow = int.MaxValue, LastTileRow = -1 };
        int keptCount = 0;
        for (int i = 0; i < count; i++)
        {
            float* raw = Gaussians + (long)(start + i) * Pitch;
            if (!IsFinite(raw))
                block.NonFinite++;
            else if (CanReachViewport(raw))
                kept[keptCount++] = raw;
        }

        for (int i = 0; i < keptCount; i++)
        {
            for (int k = 0; k < Activated; k++)
                exponentials[i * Activated + k] = k == Rho ? -2 * Math.Abs((double)kept[i][k]) : -(double)kept[i][k];
        }

        var arguments = new Span<double>(exponentials, keptCount * Activated);
        TensorPrimitives.Exp(arguments, arguments);
        for (int i = 0; i < keptCount; i++)
        {
            if (Activate(kept[i], exponentials + i * Activated, ref splats[block.Count]))
                AddToBlock(splats[block.Count++], ref block);
        }

        Blocks[item] = block;
    }

    private readonly double Mean(float* raw, int column) =>
        HasRemainders ? (double)raw[column] + raw[column + MeanRemainder] : raw[column];

    private readonly bool IsFinite(float* raw)
    {
        float sum = 0;
        int columns = HasRemainders ? Rasterizer.GaussianChannels : Rasterizer.PublishedGaussianChannels;
        for (int k = 0; k < columns; k++)
            sum += raw[k] * 0;
        return sum == 0;
    }

    /// <summary>Whether the widest Gaussian at this centre would touch the viewport; saves the others' activation.</summary>
    private readonly bool CanReachViewport(float* raw)
    {
        double reach = (SigmaGain + SigmaFloor) * Math.Sqrt(2 * Rasterizer.CutoffExponent);
        double reachX = reach * Viewport.SigmaUnitX;
        double reachY = reach * Viewport.SigmaUnitY;
        double x = Mean(raw, MeanX) * Viewport.CanvasWidth - Viewport.OriginX - Viewport.Left;
        double y = Mean(raw, MeanY) * Viewport.CanvasHeight - Viewport.OriginY - Viewport.Top;
        return x >= -reachX && x <= Viewport.Width - 1 + reachX && y >= -reachY && y <= Viewport.Height - 1 + reachY;
    }

    private readonly bool Activate(float* raw, double* exponentials, ref Splat splat)
    {
        // The published code crosses the two sigmas: the first column belongs to y.
        double sigmaY = (SigmaGain / (1 + exponentials[Sigma0]) + SigmaFloor) * Viewport.SigmaUnitY;
        double sigmaX = (SigmaGain / (1 + exponentials[Sigma0 + 1]) + SigmaFloor) * Viewport.SigmaUnitX;

        splat.X = Mean(raw, MeanX) * Viewport.CanvasWidth - Viewport.OriginX;
        splat.Y = Mean(raw, MeanY) * Viewport.CanvasHeight - Viewport.OriginY;
        double reach = Math.Sqrt(2 * Rasterizer.CutoffExponent);
        double reachX = Math.Min(Viewport.BoxX, reach * sigmaX);
        double reachY = Math.Min(Viewport.BoxY, reach * sigmaY);
        double left = Math.Max(Viewport.Left, Math.Ceiling(splat.X - reachX));
        double right = Math.Min((double)Viewport.Left + Viewport.Width, Math.Floor(splat.X + reachX) + 1);
        double top = Math.Max(Viewport.Top, Math.Ceiling(splat.Y - reachY));
        double bottom = Math.Min((double)Viewport.Top + Viewport.Height, Math.Floor(splat.Y + reachY) + 1);
        if (left >= right || top >= bottom)
            return false;
        splat.Left = (int)left;
        splat.Right = (int)right;
        splat.Top = (int)top;
        splat.Bottom = (int)bottom;

        // With e = exp(-2|t|), 1 - |rho| = 1 - gain * tanh|t| is a sum of positive terms: nothing cancels.
        double e = exponentials[Rho];
        double complement = (1 - RhoGain) + RhoGain * (2 * e / (1 + e));
        double rho = Math.CopySign(1 - complement, raw[Rho]);
        double unit = 0.84932180028801904272; // sqrt(log2(e) / 2): weights are powers of two
        double width = sigmaX * Math.Sqrt(complement * (2 - complement));
        splat.Slope = rho * (sigmaX / sigmaY);
        splat.Normal = (float)(unit / width);
        splat.InverseNormal = (float)(width / unit);
        splat.InverseSigmaY = (float)(unit / sigmaY);

        double opacity = 1 / (1 + exponentials[Alpha]);
        splat.Red = (float)(opacity / (1 + exponentials[Alpha + 1]));
        splat.Green = (float)(opacity / (1 + exponentials[Alpha + 2]));
        splat.Blue = (float)(opacity / (1 + exponentials[Alpha + 3]));
        return true;
    }

    private readonly void AddToBlock(in Splat splat, ref SplatBlock block)
    {
        int firstRow = (splat.Top - Viewport.Top) / Viewport.TileHeight;
        int lastRow = (splat.Bottom - 1 - Viewport.Top) / Viewport.TileHeight;
        int columns = (splat.Right - 1 - Viewport.Left) / Viewport.TileWidth - (splat.Left - Viewport.Left) / Viewport.TileWidth + 1;
        block.Pairs += (lastRow - firstRow + 1) * columns;
        block.FirstTileRow = Math.Min(block.FirstTileRow, firstRow);
        block.LastTileRow = Math.Max(block.LastTileRow, lastRow);
    }
}
