using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>Differences of images on the processor; an item is a row.</summary>
internal static unsafe class CpuSquaredError
{
    public static void Gradient(CpuDevice device, in Tensor image, in Tensor target, in Tensor gradient) => device.Run(
        new GradientKernel
        {
            Pair = new ImagePair(image, target),
            Gradient = CpuPointer.Of(gradient),
            GradientPitch = gradient.Pitch,
            Factor = (float)(2 / ((double)image.Pixels * image.Channels)),
        },
        image.Height);

    public static void SumRows(CpuDevice device, in Tensor image, in Tensor target, in Tensor sums) =>
        device.Run(new SumKernel { Pair = new ImagePair(image, target), Sums = CpuPointer.Of(sums) }, image.Height);

    private readonly struct ImagePair(in Tensor image, in Tensor target)
    {
        public readonly float* Image = CpuPointer.Of(image);
        public readonly int ImagePitch = image.Pitch;
        public readonly float* Target = CpuPointer.Of(target);
        public readonly int TargetPitch = target.Pitch;
        public readonly int Width = image.Width;
        public readonly int Channels = image.Channels;
    }

    private struct GradientKernel : ICpuKernel
    {
        public ImagePair Pair;
        public float* Gradient;
        public int GradientPitch;
        public float Factor;

        public readonly void Execute(int item, byte* scratch)
        {
            for (int x = 0; x < Pair.Width; x++)
            {
                long pixel = (long)item * Pair.Width + x;
                for (int k = 0; k < Pair.Channels; k++)
                {
                    Gradient[pixel * GradientPitch + k] =
                        Factor * (Pair.Image[pixel * Pair.ImagePitch + k] - Pair.Target[pixel * Pair.TargetPitch + k]);
                }
            }
        }
    }

    private struct SumKernel : ICpuKernel
    {
        public ImagePair Pair;
        public float* Sums;

        public readonly void Execute(int item, byte* scratch)
        {
            double sum = 0;
            for (int x = 0; x < Pair.Width; x++)
            {
                long pixel = (long)item * Pair.Width + x;
                for (int k = 0; k < Pair.Channels; k++)
                {
                    double difference = Pair.Image[pixel * Pair.ImagePitch + k] - Pair.Target[pixel * Pair.TargetPitch + k];
                    sum += difference * difference;
                }
            }

            Sums[item] = (float)sum;
        }
    }
}
