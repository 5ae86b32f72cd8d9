namespace Gsasr.Tensors;

/// <summary>
/// The columns of a Gaussian, for the decoder's heads, fields and their files, the rasteriser and the fitter, on processors and in kernels.
/// They are counted nowhere else.
/// </summary>
internal static class GaussianFormat
{
    /// <summary>Cells of the decoder's grid of Gaussians along a side of a pixel.</summary>
    public const int CellsPerPixelSide = 4;

    /// <summary>Gaussians that the decoder makes of a pixel.</summary>
    public const int GaussiansPerPixel = CellsPerPixelSide * CellsPerPixelSide;

    /// <summary>A Gaussian as the networks make it, before its activation. The published code crosses the two sigmas.</summary>
    public static class Raw
    {
        /// <summary>Standard deviation along y.</summary>
        public const int SigmaY = 0;

        /// <summary>Standard deviation along x.</summary>
        public const int SigmaX = 1;

        /// <summary>The correlation of x and y.</summary>
        public const int Rho = 2;

        /// <summary>The opacity.</summary>
        public const int Alpha = 3;

        /// <summary>Red, the first of three colours.</summary>
        public const int FirstColour = 4;

        /// <summary>Centre along x, with [0, 1] spanning the canvas.</summary>
        public const int MeanX = 7;

        /// <summary>Centre along y, with [0, 1] spanning the canvas.</summary>
        public const int MeanY = 8;

        /// <summary>Columns as published.</summary>
        public const int PublishedColumns = 9;

        /// <summary>What float32 leaves out of the centre along x.</summary>
        public const int MeanXRemainder = 9;

        /// <summary>What float32 leaves out of the centre along y.</summary>
        public const int MeanYRemainder = 10;

        /// <summary>
        /// Columns as this library's decoder leaves them: two more hold the parts of the means that float32 cannot. A mean in [0, 1] has
        /// steps of 6e-8, which for a thin Gaussian on a large canvas is a visible part of its width.
        /// </summary>
        public const int Columns = 11;
    }

    /// <summary>A Gaussian as it is drawn.</summary>
    public static class Activated
    {
        /// <summary>Standard deviation along x.</summary>
        public const int SigmaX = 0;

        /// <summary>Standard deviation along y.</summary>
        public const int SigmaY = 1;

        /// <summary>The correlation of x and y.</summary>
        public const int Rho = 2;

        /// <summary>Centre along x, with [0, 1] spanning the canvas.</summary>
        public const int MeanX = 3;

        /// <summary>Centre along y, with [0, 1] spanning the canvas.</summary>
        public const int MeanY = 4;

        /// <summary>The first of one to four colours.</summary>
        public const int FirstColour = 5;

        /// <summary>The most colours.</summary>
        public const int MaximumColours = 4;

        /// <summary>Columns of a Gaussian with three colours.</summary>
        public const int ColumnsOfRgb = FirstColour + 3;
    }
}
