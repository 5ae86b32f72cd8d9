using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Gradients of Gaussians, <see cref="Batch"/> of them for each item. A Gaussian sums over its own pixels, row by row, so that its gradient
/// has the same bits for any number of threads.
/// </summary>
/// <typeparam name="TVector">The processor's vectors.</typeparam>
/// <typeparam name="TSimd">Their arithmetic.</typeparam>
/// <typeparam name="TColours">How many colours there are.</typeparam>
internal unsafe struct BackwardKernel<TVector, TSimd, TColours> : ICpuKernel
    where TVector : unmanaged
    where TSimd : ISimd<TVector>
    where TColours : IColourCount
{
    /// <summary>Gaussians of an item. They are few, so that Gaussians as large as the image are spread over the threads.</summary>
    public const int Batch = 16;

    public GaussianSource Source;
    public GradientPlanes Planes;

    /// <summary>[Source.Count, GradientPitch], receives the gradients.</summary>
    public float* Gradients;
    public int GradientPitch;

    // Rows that are summed in single precision before the sums are added up in double precision.
    private const int RowsPerSum = 32;

    public readonly void Execute(int item, byte* scratch)
    {
        int start = item * Batch;
        int count = Math.Min(Batch, Source.Count - start);
        double* exponentials = stackalloc double[Batch * GaussianSource.Exponentials];
        float** kept = stackalloc float*[Batch];
        float** gradients = stackalloc float*[Batch];
        int keptCount = 0;
        int columns = Source.GradientColumns;
        for (int i = 0; i < count; i++)
        {
            float* row = Source.Row(start + i);
            float* gradient = Gradients + (long)(start + i) * GradientPitch;
            bool valid = Source.IsValid(row);
            new Span<float>(gradient, columns).Fill(valid ? 0 : float.NaN);
            if (!valid || !Source.CanReachViewport(row))
                continue;
            kept[keptCount] = row;
            gradients[keptCount++] = gradient;
        }

        Source.ComputeExponentials(kept, keptCount, exponentials);
        for (int i = 0; i < keptCount; i++)
        {
            Source.Activate(kept[i], exponentials + i * GaussianSource.Exponentials, out ActivatedGaussian gaussian);
            if (!Splat.TryCreate(gaussian, Source.Viewport, out Splat splat))
                continue;
            Gather(splat, out SplatMoments moments);
            Source.WriteGradient(gaussian, moments, gradients[i]);
        }
    }

    private readonly void Gather(in Splat splat, out SplatMoments moments)
    {
        moments = default;
        TVector zero = TSimd.Broadcast(0);
        TVector normal = TSimd.Broadcast(splat.Normal);
        TVector first = TSimd.Broadcast(splat.Colours[0]);
        TVector second = TSimd.Broadcast(splat.Colours[1]);
        TVector third = TSimd.Broadcast(splat.Colours[2]);
        TVector fourth = TSimd.Broadcast(splat.Colours[3]);
        TVector indices = RowSpan.Indices<TVector, TSimd>();
        var row = new RowSpan(splat, splat.Left, splat.Right);
        for (int top = splat.Top; top < splat.Bottom; top += RowsPerSum)
        {
            TVector firstSum = zero, secondSum = zero, thirdSum = zero, fourthSum = zero;
            TVector a1 = zero, b1 = zero, a2 = zero, ab = zero, b2 = zero;
            int bottom = Math.Min(top + RowsPerSum, splat.Bottom);
            for (int y = top; y < bottom; y++)
            {
                if (!row.MoveTo(y))
                    continue;
                TVector fraction = TSimd.Broadcast(row.Fraction);
                TVector rowBits = TSimd.Broadcast(row.Bits);
                TVector t0 = zero, t1 = zero, t2 = zero;
                float* upstream = Planes.Row(y - Source.Viewport.Top) + (row.Start - Source.Viewport.Left);
                for (int x = row.Start; x < row.End; x += TSimd.Width, upstream += TSimd.Width)
                {
                    TVector distance = TSimd.Subtract(TSimd.Add(TSimd.Broadcast((float)(x - row.Nearest)), indices), fraction);
                    TVector a = TSimd.Multiply(distance, normal);
                    TVector weight = GaussianWeight.Of<TVector, TSimd>(TSimd.MultiplyAdd(a, a, rowBits));
                    weight = TSimd.Multiply(weight, RowSpan.Inside<TVector, TSimd>(row.End - x));

                    TVector gradient = TSimd.Load(upstream);
                    TVector sum = TSimd.Multiply(gradient, first);
                    firstSum = TSimd.MultiplyAdd(weight, gradient, firstSum);
                    if (TColours.Value > 1)
                        Accumulate(upstream + Planes.PlaneFloats, weight, second, ref sum, ref secondSum);
                    if (TColours.Value > 2)
                        Accumulate(upstream + 2 * Planes.PlaneFloats, weight, third, ref sum, ref thirdSum);
                    if (TColours.Value > 3)
                        Accumulate(upstream + 3 * Planes.PlaneFloats, weight, fourth, ref sum, ref fourthSum);

                    TVector t = TSimd.Multiply(weight, sum);
                    TVector ta = TSimd.Multiply(t, a);
                    t0 = TSimd.Add(t0, t);
                    t1 = TSimd.Add(t1, ta);
                    t2 = TSimd.MultiplyAdd(ta, a, t2);
                }

                TVector b = TSimd.Broadcast(row.B);
                TVector bt = TSimd.Multiply(b, t0);
                a1 = TSimd.Add(a1, t1);
                a2 = TSimd.Add(a2, t2);
                b1 = TSimd.Add(b1, bt);
                ab = TSimd.MultiplyAdd(b, t1, ab);
                b2 = TSimd.MultiplyAdd(b, bt, b2);
            }

            moments.Colours[0] += TSimd.Sum(firstSum);
            moments.Colours[1] += TSimd.Sum(secondSum);
            moments.Colours[2] += TSimd.Sum(thirdSum);
            moments.Colours[3] += TSimd.Sum(fourthSum);
            moments.A += TSimd.Sum(a1);
            moments.B += TSimd.Sum(b1);
            moments.AA += TSimd.Sum(a2);
            moments.AB += TSimd.Sum(ab);
            moments.BB += TSimd.Sum(b2);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float* upstream, TVector weight, TVector colour, ref TVector sum, ref TVector colourSum)
    {
        TVector gradient = TSimd.Load(upstream);
        sum = TSimd.MultiplyAdd(gradient, colour, sum);
        colourSum = TSimd.MultiplyAdd(weight, gradient, colourSum);
    }
}
