using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>Adam on the processor.</summary>
internal static unsafe class CpuAdam
{
    private const int Batch = 512;

    public static void Run(
        CpuDevice device,
        in Tensor parameters,
        in Tensor gradients,
        in Tensor moments,
        DeviceBuffer channels,
        float rate,
        float meanFactor,
        float squareFactor)
    {
        var kernel = new StepKernel
        {
            Parameters = CpuPointer.Of(parameters),
            ParameterPitch = parameters.Pitch,
            Gradients = CpuPointer.Of(gradients),
            GradientPitch = gradients.Pitch,
            Moments = CpuPointer.Of(moments),
            Settings = (float*)CpuPointer.Of(channels),
            Count = parameters.Pixels,
            Channels = parameters.Channels,
            Rate = rate,
            MeanFactor = meanFactor,
            SquareFactor = squareFactor,
        };
        device.Run(kernel, (int)(((long)kernel.Count + Batch - 1) / Batch));
    }

    /// <summary>Moves <see cref="Batch"/> rows of parameters for each item.</summary>
    private struct StepKernel : ICpuKernel
    {
        public float* Parameters;
        public int ParameterPitch;
        public float* Gradients;
        public int GradientPitch;
        public float* Moments;
        public float* Settings;
        public int Count;
        public int Channels;
        public float Rate;
        public float MeanFactor;
        public float SquareFactor;

        public readonly void Execute(int item, byte* scratch)
        {
            int end = Math.Min(Count, (item + 1) * Batch);
            for (int row = item * Batch; row < end; row++)
            {
                float* values = Parameters + (long)row * ParameterPitch;
                float* gradients = Gradients + (long)row * GradientPitch;
                float* means = Moments + (long)row * 2 * Channels;
                for (int k = 0; k < Channels; k++)
                {
                    float* settings = Settings + k * AdamNumbers.Count;
                    bool logarithmic = settings[AdamNumbers.Logarithmic] != 0;
                    float gradient = logarithmic ? gradients[k] * values[k] : gradients[k];
                    float mean = AdamNumbers.MeanDecay * means[k] + (1 - AdamNumbers.MeanDecay) * gradient;
                    float square = AdamNumbers.SquareDecay * means[Channels + k] + (1 - AdamNumbers.SquareDecay) * gradient * gradient;
                    means[k] = mean;
                    means[Channels + k] = square;
                    float step = Rate * settings[AdamNumbers.Rate] * (mean * MeanFactor) / (MathF.Sqrt(square * SquareFactor) + AdamNumbers.Epsilon);
                    float moved = logarithmic ? values[k] * MathF.Exp(-step) : values[k] - step;
                    values[k] = MathF.Min(MathF.Max(moved, settings[AdamNumbers.Minimum]), settings[AdamNumbers.Maximum]);
                }
            }
        }
    }
}
