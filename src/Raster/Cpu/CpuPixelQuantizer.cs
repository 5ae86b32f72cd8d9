using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>The pixel quantizer on the processor: rows in parallel, sixteen values at a time.</summary>
internal static unsafe class CpuPixelQuantizer
{
    public static void Run(
        CpuDevice device, in Tensor image, int height, int width, int bits, DeviceBuffer destination, DeviceBuffer nonFinite)
    {
        int* count = (int*)CpuPointer.Of(nonFinite);
        *count = 0;
        var kernel = new QuantizeKernel
        {
            Image = CpuPointer.Of(image),
            ImageWidth = image.Width,
            Pitch = image.Pitch,
            Width = width,
            Bits = bits,
            Destination = CpuPointer.Of(destination),
            NonFinite = count,
        };
        device.Run(kernel, height);
    }

    /// <summary>Quantizes one row for each item.</summary>
    private struct QuantizeKernel : ICpuKernel
    {
        /// <summary>[rows, ImageWidth, Pitch], red, green and blue first.</summary>
        public float* Image;
        public int ImageWidth;
        public int Pitch;
        public int Width;
        public int Bits;
        public byte* Destination;
        public int* NonFinite;

        private const int Batch = 16;

        public readonly void Execute(int item, byte* scratch)
        {
            float* row = Image + (long)item * ImageWidth * Pitch;
            long first = (long)item * Width * 3;
            int count = Width * 3;
            int nonFinite = 0;
            float* batch = stackalloc float[Batch];
            int* numbers = stackalloc int[Batch];
            for (int i = 0; i < count; i += Batch)
            {
                int length = Math.Min(Batch, count - i);
                float* values = row + i;
                if (Pitch != 3 || length < Batch)
                {
                    // The end of a row, and rows of images that are slices of wider ones, are copied into a buffer first.
                    for (int k = 0; k < Batch; k++)
                        batch[k] = k < length ? row[(long)((i + k) / 3) * Pitch + (i + k) % 3] : 0;
                    values = batch;
                }

                nonFinite += Quantize(values, numbers);
                if (Bits == 8)
                {
                    for (int k = 0; k < length; k++)
                        Destination[first + i + k] = (byte)numbers[k];
                }
                else
                {
                    for (int k = 0; k < length; k++)
                        ((ushort*)Destination)[first + i + k] = (ushort)numbers[k];
                }
            }

            if (nonFinite != 0)
                Interlocked.Add(ref Unsafe.AsRef<int>(NonFinite), nonFinite);
        }

        /// <summary>Quantizes sixteen values and returns how many of them are not finite.</summary>
        private readonly int Quantize(float* values, int* numbers)
        {
            Vector128<float> largest = Vector128.Create(Bits == 8 ? 255f : 65535f);
            int nonFinite = 0;
            for (int k = 0; k < Batch; k += Vector128<float>.Count)
            {
                Vector128<float> value = Vector128.Load(values + k);
                Vector128<float> finite = Vector128.Equals(value - value, Vector128<float>.Zero);
                nonFinite += Vector128<float>.Count - int.PopCount((int)finite.ExtractMostSignificantBits());

                // A comparison with NaN is false, so NaN becomes 0.
                Vector128<float> clamped = Vector128.ConditionalSelect(
                    Vector128.GreaterThan(value, Vector128<float>.Zero), value, Vector128<float>.Zero);
                clamped = Vector128.ConditionalSelect(Vector128.LessThan(clamped, Vector128<float>.One), clamped, Vector128<float>.One);
                Vector128.Store(Vector128.ConvertToInt32(Vector128.Round(clamped * largest)), numbers + k);
            }

            return nonFinite;
        }
    }
}
