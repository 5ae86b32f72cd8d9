using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>The shape of a Gaussian, and how it changes with the numbers that it was made from.</summary>
internal struct ActivatedShape
{
    /// <summary>Standard deviation along x; of raw Gaussians in units of 1 / 1.2 low-resolution pixels.</summary>
    public Float2 SigmaX;

    /// <summary>Standard deviation along y, likewise.</summary>
    public Float2 SigmaY;

    /// <summary>1 - |rho|, which keeps its digits where rho is close to 1 or -1.</summary>
    public float Complement;

    /// <summary>Derivative of <see cref="SigmaX"/> by its column.</summary>
    public float SigmaXSlope;

    /// <summary>Derivative of <see cref="SigmaY"/> by its column.</summary>
    public float SigmaYSlope;

    /// <summary>Derivative of rho by its column.</summary>
    public float RhoSlope;
}

/// <summary>The colours of a Gaussian, and how they change with the numbers that they were made from.</summary>
internal struct ActivatedColours
{
    /// <summary>What the Gaussian adds to each channel at its centre.</summary>
    public Float4 Values;

    /// <summary>Derivative of each colour by its own column.</summary>
    public Float4 Slopes;

    /// <summary>Derivative of each colour by the column of the opacity; 0 where there is none.</summary>
    public Float4 OpacitySlopes;
}

/// <summary>
/// The only place in kernels where the numbers of a Gaussian are activated: forward and backward pass take values and derivatives from
/// here, as they do from <c>GaussianSource</c> on the processor. The compiler leaves out what a kernel does not use.
/// </summary>
internal static class GaussianActivation
{
    // Constants of the published activations: sigma = SigmaGain * sigmoid + SigmaFloor, rho = RhoGain * tanh.
    private const float SigmaGain = 0.99999f;
    private const float SigmaFloor = 1e-6f;
    private const float RhoGain = 0.999999f;

    /// <summary>The shape of a Gaussian.</summary>
    public static ActivatedShape Shape(ArrayView<float> gaussians, long row, int colours)
    {
        ActivatedShape shape = default;
        float correlation = gaussians[row + GaussianFormat.Raw.Rho];
        if (colours > 0)
        {
            shape.SigmaX = new Float2(gaussians[row + GaussianFormat.Activated.SigmaX], 0f);
            shape.SigmaY = new Float2(gaussians[row + GaussianFormat.Activated.SigmaY], 0f);
            shape.Complement = Gpu.Subtract(1f, XMath.Abs(correlation));
            shape.SigmaXSlope = 1f;
            shape.SigmaYSlope = 1f;
            shape.RhoSlope = 1f;
        }
        else
        {
            // The published code crosses the two sigmas: the first column belongs to y.
            float rawX = gaussians[row + GaussianFormat.Raw.SigmaX];
            float rawY = gaussians[row + GaussianFormat.Raw.SigmaY];
            shape.SigmaX = Sigma(rawX);
            shape.SigmaY = Sigma(rawY);
            shape.SigmaXSlope = Gpu.Multiply(SigmaGain, SigmoidSlope(rawX));
            shape.SigmaYSlope = Gpu.Multiply(SigmaGain, SigmoidSlope(rawY));

            // With e = exp(-2|t|), 1 - 0.999999 tanh|t| is a sum of positive terms: nothing cancels. And 1 - tanh^2 = 4 e / (1 + e)^2.
            float e = Pair.Exp(-2f * XMath.Abs(correlation)).X;
            float sum = Gpu.Add(1f, e);
            shape.Complement = Gpu.Fma(RhoGain, 2f * e / sum, 1e-6f);
            shape.RhoSlope = Gpu.Multiply(RhoGain, 4f * e / Gpu.Multiply(sum, sum));
        }

        return shape;
    }

    /// <summary>The colours of a Gaussian.</summary>
    public static ActivatedColours Colours(ArrayView<float> gaussians, long row, int colours)
    {
        ActivatedColours activated = default;
        if (colours > 0)
        {
            long first = row + GaussianFormat.Activated.FirstColour;
            activated.Values = new Float4(
                gaussians[first],
                colours > 1 ? gaussians[first + 1] : 0f,
                colours > 2 ? gaussians[first + 2] : 0f,
                colours > 3 ? gaussians[first + 3] : 0f);
            activated.Slopes = new Float4(1f, 1f, 1f, 1f);
            activated.OpacitySlopes = new Float4(0f, 0f, 0f, 0f);
        }
        else
        {
            float alpha = gaussians[row + GaussianFormat.Raw.Alpha];
            float red = gaussians[row + GaussianFormat.Raw.FirstColour];
            float green = gaussians[row + GaussianFormat.Raw.FirstColour + 1];
            float blue = gaussians[row + GaussianFormat.Raw.FirstColour + 2];
            float opacity = Sigmoid(alpha);
            float opacitySlope = SigmoidSlope(alpha);
            float redShare = Sigmoid(red);
            float greenShare = Sigmoid(green);
            float blueShare = Sigmoid(blue);
            activated.Values = new Float4(
                Gpu.Multiply(opacity, redShare), Gpu.Multiply(opacity, greenShare), Gpu.Multiply(opacity, blueShare), 0f);
            activated.Slopes = new Float4(
                Gpu.Multiply(opacity, SigmoidSlope(red)), Gpu.Multiply(opacity, SigmoidSlope(green)), Gpu.Multiply(opacity, SigmoidSlope(blue)), 0f);
            activated.OpacitySlopes = new Float4(
                Gpu.Multiply(opacitySlope, redShare), Gpu.Multiply(opacitySlope, greenShare), Gpu.Multiply(opacitySlope, blueShare), 0f);
        }

        return activated;
    }

    // SigmaGain / (1 + e^-x) + SigmaFloor.
    private static Float2 Sigma(float raw)
    {
        Float2 exponential = Pair.Exp(-raw);
        Float2 denominator = Pair.Sum(1f, exponential.X);
        Float2 sigma = Pair.Quotient(
            new Float2(SigmaGain, 0f), new Float2(denominator.X, Gpu.Add(denominator.Y, exponential.Y)));
        return Pair.Sum(sigma.X, Gpu.Add(sigma.Y, SigmaFloor));
    }

    // 1 / (1 + e^-x).
    private static float Sigmoid(float x) => 1f / Gpu.Add(1f, Pair.Exp(-x).X);

    private static float SigmoidSlope(float x) => Gpu.Multiply(Sigmoid(x), Sigmoid(-x));
}
