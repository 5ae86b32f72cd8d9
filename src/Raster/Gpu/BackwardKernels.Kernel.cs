using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>
/// The backward pass: <see cref="Widen"/> gives the image's gradient four channels, <see cref="SumPixels"/> and <see
/// cref="SumLargeSplats"/> add up the pixels of each splat, and <see cref="Differentiate"/> turns the sums into the gradients of the
/// numbers that the Gaussians were made from. All additions have a fixed order.
/// </summary>
internal static class BackwardKernels
{
    private const uint QuietNaN = 0x7FC00000;

    /// <summary>One work-item for each pixel.</summary>
    [Kernel(RasterShape.ValueGroupSize)]
    public static void Widen(
        ArrayView<float> image, // [pixels, pitch]
        int imagePitch,
        int colours,
        int pixels,
        ArrayView<float> wide)  // [pixels, 4]
    {
        int pixel = Grid.IdxX * RasterShape.ValueGroupSize + Group.IdxX;
        if (pixel >= pixels)
            return;
        long first = (long)pixel * imagePitch;
        var values = new Float4(
            image[first],
            colours > 1 ? image[first + 1] : 0f,
            colours > 2 ? image[first + 2] : 0f,
            colours > 3 ? image[first + 3] : 0f);
        Gpu.Store4(ref wide[pixel * 4L], values);
    }

    /// <summary>
    /// Eight work-items for each splat, which take eight columns of a row at a time. Splats with many pixels are put on a list instead, in
    /// no particular order, and <see cref="SumLargeSplats"/> adds up each of them.
    /// </summary>
    [Kernel(RasterShape.BlockSize)]
    public static void SumPixels(
        ArrayView<float> splats,   // [count, 12], as ActivateKernels makes them
        ArrayView<int> bounds,     // [count, 4]
        int count,
        ArrayView<float> gradient, // [height, width, 4]
        int width,
        int height,
        int left,                  // canvas coordinate of the gradient's first column
        int top,
        ArrayView<float> moments,  // [count, 12]
        ArrayView<int> large)      // [1 + count]: how many there are on the list, 0 before the launch, and the list
    {
        ArrayView<float> parts = SharedMemory.Allocate<float>(RasterShape.BlockSize * RasterShape.Moments);
        int item = Group.IdxX;
        int lane = item % RasterShape.Lanes;
        int firstSplat = Grid.IdxX * RasterShape.SplatsOfGroup;
        int own = firstSplat + item / RasterShape.Lanes;
        Int4 box = Clip(bounds, own, count, left, top, width, height);
        if (Area(box) >= RasterShape.LargeSplat)
        {
            box = new Int4(0, 0, -1, -1);
            if (lane == 0)
                large[1 + Atomic.Add(ref large[0], 1)] = own;
        }

        Sum(
            splats, own, box, gradient, width, left, top, lane, RasterShape.Lanes, 0, 1,
            parts.SubView(item * RasterShape.Moments, RasterShape.Moments));
        Group.Barrier();
        for (int sum = item; sum < RasterShape.SplatsOfGroup * RasterShape.Moments; sum += RasterShape.BlockSize)
        {
            int splat = sum / RasterShape.Moments;
            int moment = sum % RasterShape.Moments;
            float total = 0f;
            for (int part = 0; part < RasterShape.Lanes; part++)
                total = Gpu.Add(total, parts[(splat * RasterShape.Lanes + part) * RasterShape.Moments + moment]);
            if (firstSplat + splat < count)
                moments[(long)(firstSplat + splat) * RasterShape.MomentFloats + moment] = total;
        }
    }

    /// <summary>A group takes one splat of the list after the other: 32 columns of four rows at a time.</summary>
    [Kernel(RasterShape.BlockSize)]
    public static void SumLargeSplats(
        ArrayView<float> splats,
        ArrayView<int> bounds,
        int count,
        ArrayView<float> gradient,
        int width,
        int height,
        int left,
        int top,
        ArrayView<float> moments,
        ArrayView<int> large,
        int groups)                // how many groups there are
    {
        ArrayView<float> parts = SharedMemory.Allocate<float>(RasterShape.BlockSize * RasterShape.Moments);
        int item = Group.IdxX;
        int end = large[0];
        for (int entry = Grid.IdxX; entry < end; entry += groups)
        {
            int splat = large[1 + entry];
            Sum(
                splats, splat, Clip(bounds, splat, count, left, top, width, height), gradient, width, left, top,
                item % 32, 32, item / 32, RasterShape.BlockSize / 32, parts.SubView(item * RasterShape.Moments, RasterShape.Moments));
            Group.Barrier();
            if (item < RasterShape.Moments)
            {
                float total = 0f;
                for (int part = 0; part < Gpu.Keep(RasterShape.BlockSize); part++)
                    total = Gpu.Add(total, parts[part * RasterShape.Moments + item]);
                moments[(long)splat * RasterShape.MomentFloats + item] = total;
            }

            Group.Barrier();
        }
    }

    /// <summary>One work-item for each Gaussian.</summary>
    [Kernel(RasterShape.BlockSize)]
    public static void Differentiate(
        ArrayView<float> gaussians, // [first + count, channels]
        int gaussiansPitch,
        int channels,
        int colours,                // as for ActivateKernels.Activate
        int first,
        int count,
        float canvasWidth,
        float canvasHeight,
        float sigmaUnitX,
        float sigmaUnitY,
        ArrayView<float> moments,   // [count, 12]
        ArrayView<float> gradients, // [first + count, 9 or 5 + colours]
        int gradientsPitch)
    {
        int index = Grid.IdxX * RasterShape.BlockSize + Group.IdxX;
        if (index >= count)
            return;
        long raw = (long)(first + index) * gaussiansPitch;
        long target = (long)(first + index) * gradientsPitch;
        int columns = XMath.Min(channels, GaussianFormat.Raw.PublishedColumns);
        if (ActivateKernels.IsBroken(gaussians, raw, channels, colours) != 0)
        {
            for (int k = 0; k < columns; k++)
                gradients[target + k] = Interop.IntAsFloat(QuietNaN);
            return;
        }

        float value = gaussians[raw + GaussianFormat.Raw.Rho];
        ActivatedShape shape = GaussianActivation.Shape(gaussians, raw, colours);
        float sigmaX = Gpu.Multiply(shape.SigmaX.X, sigmaUnitX);
        float sigmaY = Gpu.Multiply(shape.SigmaY.X, sigmaUnitY);
        float complement = shape.Complement;

        // As in GaussianSource.WriteGradient, which explains it.
        const float deviation = 1f / ActivateKernels.Unit;
        long own = (long)index * RasterShape.MomentFloats;
        float sumA = Gpu.Multiply(moments[own + 4], deviation);
        float sumB = Gpu.Multiply(moments[own + 5], deviation);
        float sumAA = Gpu.Multiply(moments[own + 6], deviation * deviation);
        float sumAB = Gpu.Multiply(moments[own + 7], deviation * deviation);
        float sumBB = Gpu.Multiply(moments[own + 8], deviation * deviation);
        float rho = Gpu.Subtract(1f, complement);
        if (value < 0f)
            rho = -rho;
        float square = Gpu.Multiply(complement, Gpu.Subtract(2f, complement));
        float root = XMath.Sqrt(square);
        float tilt = rho / root;
        float byX = sumA / Gpu.Multiply(sigmaX, root);
        float byY = Gpu.Fma(-tilt, sumA, sumB) / sigmaY;
        float bySigmaX = Gpu.Multiply(Gpu.Fma(tilt, sumAB, sumAA) / sigmaX, Gpu.Multiply(sigmaUnitX, shape.SigmaXSlope));
        float bySigmaY = Gpu.Multiply(Gpu.Fma(-tilt, sumAB, sumBB) / sigmaY, Gpu.Multiply(sigmaUnitY, shape.SigmaYSlope));
        float byRho = Gpu.Multiply(Gpu.Subtract(sumAB / root, Gpu.Multiply(rho / square, sumAA)), shape.RhoSlope);
        gradients[target + (colours > 0 ? GaussianFormat.Activated.SigmaX : GaussianFormat.Raw.SigmaX)] = bySigmaX;
        gradients[target + (colours > 0 ? GaussianFormat.Activated.SigmaY : GaussianFormat.Raw.SigmaY)] = bySigmaY;
        gradients[target + GaussianFormat.Raw.Rho] = byRho;
        gradients[target + (colours > 0 ? GaussianFormat.Activated.MeanX : GaussianFormat.Raw.MeanX)] = Gpu.Multiply(byX, canvasWidth);
        gradients[target + (colours > 0 ? GaussianFormat.Activated.MeanY : GaussianFormat.Raw.MeanY)] = Gpu.Multiply(byY, canvasHeight);
        long colour = target + (colours > 0 ? GaussianFormat.Activated.FirstColour : GaussianFormat.Raw.FirstColour);
        Float4 sums = Gpu.Load4(ref moments[own]);
        ActivatedColours activated = GaussianActivation.Colours(gaussians, raw, colours);
        int channelsOfImage = colours > 0 ? colours : 3;
        gradients[colour] = Gpu.Multiply(sums.X, activated.Slopes.X);
        if (channelsOfImage > 1)
            gradients[colour + 1] = Gpu.Multiply(sums.Y, activated.Slopes.Y);
        if (channelsOfImage > 2)
            gradients[colour + 2] = Gpu.Multiply(sums.Z, activated.Slopes.Z);
        if (channelsOfImage > 3)
            gradients[colour + 3] = Gpu.Multiply(sums.W, activated.Slopes.W);
        if (colours == 0)
        {
            float byOpacity = Gpu.Multiply(sums.X, activated.OpacitySlopes.X);
            byOpacity = Gpu.Fma(sums.Y, activated.OpacitySlopes.Y, byOpacity);
            gradients[target + GaussianFormat.Raw.Alpha] = Gpu.Fma(sums.Z, activated.OpacitySlopes.Z, byOpacity);
        }
    }

    // The part of a splat's bounds that lies in the image, in the image's pixels.
    private static Int4 Clip(ArrayView<int> bounds, int splat, int count, int left, int top, int width, int height)
    {
        if (splat >= count)
            return new Int4(0, 0, -1, -1);
        Int4 own = Gpu.Load4(ref bounds[splat * RasterShape.BoundsSize]);
        if (own.X > own.Z)
            return new Int4(0, 0, -1, -1);
        return new Int4(
            XMath.Max(own.X, left) - left,
            XMath.Max(own.Y, top) - top,
            XMath.Min(own.Z, left + width - 1) - left,
            XMath.Min(own.W, top + height - 1) - top);
    }

    private static long Area(Int4 box) => box.X > box.Z | box.Y > box.W ? 0L : (long)(box.Z - box.X + 1) * (box.W - box.Y + 1);

    // Adds up every columnStep-th column of every rowStep-th row of a splat's pixels.
    private static void Sum(
        ArrayView<float> splats,
        int splat,
        Int4 box,
        ArrayView<float> gradient,
        int width,
        int left,
        int top,
        int column,
        int columnStep,
        int row,
        int rowStep,
        ArrayView<float> part)
    {
        float first = 0f;
        float second = 0f;
        float third = 0f;
        float fourth = 0f;
        float a1 = 0f;
        float b1 = 0f;
        float a2 = 0f;
        float ab = 0f;
        float b2 = 0f;
        if (box.X <= box.Z & box.Y <= box.W)
        {
            Float4 position = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats]);
            Float4 shape = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats + 4]);
            Float4 colour = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats + 8]);
            int originX = (int)Interop.FloatAsInt(position.X) - left;
            int originY = (int)Interop.FloatAsInt(position.Y) - top;
            float inverse = 1f / shape.Z;
            for (int y = box.Y + row; y <= box.W; y += rowStep)
            {
                float m = y - originY;
                float b = Gpu.Fma(m, shape.W, position.W);
                float rowBits = Gpu.Multiply(b, b);
                float remaining = GatherKernels.CutoffBits - rowBits;

                // The row's part of the ellipse with a margin for rounding; whether a pixel counts is decided for each one.
                float centre = Gpu.Fma(shape.X, m, -position.Z) + originX;
                float half = XMath.Sqrt(XMath.Max(remaining, 0f)) * inverse + 1f + 1e-6f * XMath.Abs(centre);
                int start = box.X + XMath.Max(0, (int)XMath.Min(centre - half - box.X, 2e9f));
                int end = box.Z - XMath.Max(0, (int)XMath.Min(box.Z - centre - half, 2e9f));
                float t0 = 0f;
                float t1 = 0f;
                float t2 = 0f;
                for (int x = start + column; x <= end; x += columnStep)
                {
                    float a = GatherKernels.Across(x - originX, m, position, shape);
                    float exponent = Gpu.Fma(a, a, rowBits);
                    if (exponent <= GatherKernels.CutoffBits)
                    {
                        float weight = Gpu.NativeExp2(-exponent);
                        Float4 upstream = Gpu.Load4(ref gradient[((long)y * width + x) * 4]);
                        first = Gpu.Fma(weight, upstream.X, first);
                        second = Gpu.Fma(weight, upstream.Y, second);
                        third = Gpu.Fma(weight, upstream.Z, third);
                        fourth = Gpu.Fma(weight, upstream.W, fourth);
                        float product = Gpu.Fma(
                            upstream.W, colour.W, Gpu.Fma(upstream.Z, colour.Z, Gpu.Fma(upstream.Y, colour.Y, Gpu.Multiply(upstream.X, colour.X))));
                        float t = Gpu.Multiply(weight, product);
                        float ta = Gpu.Multiply(t, a);
                        t0 = Gpu.Add(t0, t);
                        t1 = Gpu.Add(t1, ta);
                        t2 = Gpu.Fma(ta, a, t2);
                    }
                }

                float bt = Gpu.Multiply(b, t0);
                a1 = Gpu.Add(a1, t1);
                a2 = Gpu.Add(a2, t2);
                b1 = Gpu.Add(b1, bt);
                ab = Gpu.Fma(b, t1, ab);
                b2 = Gpu.Fma(b, bt, b2);
            }
        }

        part[0] = first;
        part[1] = second;
        part[2] = third;
        part[3] = fourth;
        part[4] = a1;
        part[5] = b1;
        part[6] = a2;
        part[7] = ab;
        part[8] = b2;
    }
}
