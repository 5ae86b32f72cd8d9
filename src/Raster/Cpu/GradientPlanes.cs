using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>The gradient of an image with each colour in a plane of its own, whose rows can be read as whole vectors past their end.</summary>
internal unsafe struct GradientPlanes
{
    /// <summary>[colours, height, RowFloats].</summary>
    public float* Values;

    /// <summary>Floats from one row to the next.</summary>
    public int RowFloats;

    /// <summary>Floats from one colour to the next.</summary>
    public long PlaneFloats;

    /// <summary>A row of the first colour.</summary>
    /// <param name="row">The row of the image.</param>
    public readonly float* Row(int row) => Values + (long)row * RowFloats;
}

/// <summary>Makes planes of an image, a row for each item.</summary>
internal unsafe struct SplitKernel : ICpuKernel
{
    /// <summary>[height, Width, Pitch].</summary>
    public float* Image;
    public int Width;
    public int Pitch;
    public int Colours;
    public GradientPlanes Planes;

    public readonly void Execute(int item, byte* scratch)
    {
        float* pixel = Image + (long)item * Width * Pitch;
        for (int k = 0; k < Colours; k++)
        {
            float* row = Planes.Row(item) + k * Planes.PlaneFloats;
            for (int x = 0; x < Width; x++)
                row[x] = pixel[(long)x * Pitch + k];
            new Span<float>(row + Width, Planes.RowFloats - Width).Clear();
        }
    }
}
