using Gsasr.Tensors;

namespace Gsasr.Raster.Cpu;

/// <summary>A Gaussian as it is drawn on a canvas, and how its values change with the numbers that it was made from.</summary>
internal unsafe struct ActivatedGaussian
{
    /// <summary>The most colours that a Gaussian can have.</summary>
    public const int MaximumColours = GaussianFormat.Activated.MaximumColours;

    /// <summary>Standard deviation along x, in canvas pixels.</summary>
    public double SigmaX;

    /// <summary>Standard deviation along y, in canvas pixels.</summary>
    public double SigmaY;

    /// <summary>The correlation of x and y.</summary>
    public double Rho;

    /// <summary>1 - |rho|, which keeps its digits where rho is close to 1 or -1.</summary>
    public double Complement;

    /// <summary>Column of the centre, in canvas pixels counted from the viewport's fraction of a pixel.</summary>
    public double X;

    /// <summary>Row of the centre, likewise.</summary>
    public double Y;

    /// <summary>What the Gaussian adds to each channel at its centre.</summary>
    public fixed double Colours[MaximumColours];

    /// <summary>Derivative of <see cref="SigmaX"/> by its column.</summary>
    public double SigmaXSlope;

    /// <summary>Derivative of <see cref="SigmaY"/> by its column.</summary>
    public double SigmaYSlope;

    /// <summary>Derivative of <see cref="Rho"/> by its column.</summary>
    public double RhoSlope;

    /// <summary>Derivative of each colour by its own column.</summary>
    public fixed double ColourSlopes[MaximumColours];

    /// <summary>Derivative of each colour by the column of the opacity; 0 where there is none.</summary>
    public fixed double OpacitySlopes[MaximumColours];
}
