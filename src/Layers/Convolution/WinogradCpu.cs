using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// 3x3 <see cref="Convolution"/>s on the processor by <see cref="Winograd"/>'s minimal filtering. A thread takes a block of patches whose
/// planes stay in its second-level cache, and transforms them. Then, for one panel of weights after the other, it multiplies all planes and
/// transforms the sums back, directly into the epilogue.
/// </summary>
internal static unsafe class WinogradCpu
{
    // The most bytes for the planes of a block's input and of its sums. With the weights that pass through they fit well into a
    // second-level cache of 512 KB.
    private const int BlockFloats = 72 * 1024;

    // With shorter blocks the weights, which come from further away, would be used too few times.
    private const int LeastBlockPatches = 4 * ProductCpu.TileRows;

    // Patches that are transformed for one vector of channels before the next vector, while their pixels are in the first-level cache. A
    // patch shares half its pixels with the next one, so with a short run more of them would be read twice.
    private const int RunPatches = 12;
    private const int RunPixels = 2 * RunPatches + 2;

    // If the distance of planes were a multiple of 4096 bytes, they would compete for the same few lines of the first-level cache.
    private const int PlanePadding = 16;

    /// <summary>The most bytes of scratch memory that a thread takes.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    public static long ThreadBytes(int inputChannels)
    {
        int pitch = LayerKernels.DivideUp(inputChannels, SimdWidth.Floats) * SimdWidth.Floats;
        return sizeof(float) * ScratchFloats(BlockPatches(int.MaxValue, pitch, ProductCpu.PanelColumns), pitch, ProductCpu.PanelColumns);
    }

    public static void Run(CpuDevice device, in ConvolutionArguments arguments) => SimdDispatch.Run(new Operation(device, arguments));

    private static void Run<TVector, TSimd>(CpuDevice device, in ConvolutionArguments arguments)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        ConvolutionWeights weights = arguments.Weights;
        int pitch = LayerKernels.DivideUp(weights.InputChannels, TSimd.Width) * TSimd.Width;
        int panelColumns = 2 * TSimd.Width;
        int patchColumns = LayerKernels.DivideUp(arguments.Columns, 2);
        int patches = checked(LayerKernels.DivideUp(arguments.Rows, 2) * patchColumns);

        // Enough blocks to keep every thread busy to the end.
        int blockPatches = BlockPatches(LayerKernels.DivideUp(patches, 4 * device.Threads), pitch, panelColumns);
        var kernel = new Kernel<TVector, TSimd>
        {
            X = CpuPointer.Of(arguments.X),
            XPitch = arguments.X.Pitch,
            XHeight = arguments.X.Height,
            XWidth = arguments.X.Width,
            Channels = weights.InputChannels,
            ChannelPitch = pitch,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Rows = arguments.Rows,
            Columns = arguments.Columns,
            Patches = patches,
            PatchColumns = patchColumns,
            BlockPatches = blockPatches,
            InputPlane = blockPatches * pitch + PlanePadding,
            SumPlane = blockPatches * panelColumns + PlanePadding,
            Weights = (float*)CpuPointer.Of(weights.Packed),
            OutputChannels = weights.OutputChannels,
            Epilogue = EpilogueCpu.Of(arguments),
            YWidth = arguments.Y.Width,
        };
        device.Run(kernel, LayerKernels.DivideUp(patches, blockPatches), ScratchFloats(blockPatches, pitch, panelColumns) * sizeof(float));
    }

    // Whole tiles.
    private static int BlockPatches(int wanted, int pitch, int panelColumns)
    {
        int patches = Math.Max(Math.Min(BlockFloats / (Winograd.Planes * (pitch + panelColumns)), wanted), LeastBlockPatches);
        return LayerKernels.DivideUp(patches, ProductCpu.TileRows) * ProductCpu.TileRows;
    }

    private static long ScratchFloats(int blockPatches, int pitch, int panelColumns) =>
        Winograd.Planes * ((long)blockPatches * (pitch + panelColumns) + 2 * PlanePadding) + 4L * RunPixels * pitch;

    private readonly record struct Operation(CpuDevice Device, ConvolutionArguments Arguments) : ISimdOperation
    {
        public void Run<TVector, TSimd>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector> => WinogradCpu.Run<TVector, TSimd>(Device, Arguments);
    }

    private struct Kernel<TVector, TSimd> : ICpuKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        public float* X;
        public int XPitch;
        public int XHeight;
        public int XWidth;
        public int Channels;
        public int ChannelPitch;
        public int FirstRow;
        public int FirstColumn;
        public int Rows;
        public int Columns;
        public int Patches;
        public int PatchColumns;
        public int BlockPatches;
        public int InputPlane;
        public int SumPlane;
        public float* Weights;
        public int OutputChannels;
        public EpilogueCpu Epilogue;
        public int YWidth;

        public readonly void Execute(int item, byte* scratch)
        {
            // Patches are numbered row by row, so a block may begin and end anywhere in a row.
            int first = item * BlockPatches;
            int count = Math.Min(BlockPatches, Patches - first);
            float* inputs = (float*)scratch;
            float* sums = inputs + Winograd.Planes * InputPlane;
            float* window = sums + Winograd.Planes * SumPlane;

            int run;
            for (int patch = 0; patch < count; patch += run)
            {
                run = RunFrom(first + patch, count - patch, out int row, out int column);
                TransformInput(row, column, run, window, inputs + (long)patch * ChannelPitch);
            }

            int panelColumns = 2 * TSimd.Width;
            for (int column = 0; column < OutputChannels; column += panelColumns)
            {
                int used = Math.Min(panelColumns, OutputChannels - column);
                Multiply(inputs, count, Weights + (long)column * Winograd.Planes * Channels, used, sums);
                for (int patch = 0; patch < count; patch += run)
                {
                    run = RunFrom(first + patch, count - patch, out int row, out int patchColumn);
                    for (int vector = 0; vector < used; vector += TSimd.Width)
                        TransformOutput(row, patchColumn, run, sums + patch * panelColumns + vector, column + vector);
                }
            }
        }

        // How many patches from one on are treated at once; all of them are in the same row.
        private readonly int RunFrom(int patch, int most, out int row, out int column)
        {
            row = patch / PatchColumns;
            column = patch - row * PatchColumns;
            return Math.Min(RunPatches, Math.Min(most, PatchColumns - column));
        }

        // The products of all planes with a panel of the weights. The last tile may go beyond the patches. The memory is large enough
        // for whole tiles, and what comes of old values there is never used.
        private readonly void Multiply(float* inputs, int patches, float* panel, int columns, float* sums)
        {
            int panelColumns = 2 * TSimd.Width;
            for (int plane = 0; plane < Winograd.Planes; plane++)
            {
                var rows = new ProductRows { First = inputs + plane * InputPlane, Stride = ChannelPitch, RunLength = Channels, Runs = 1 };
                var target = new TileTarget { Output = sums + plane * SumPlane, Pitch = panelColumns };
                for (int row = 0; row < patches; row += ProductCpu.TileRows)
                {
                    ProductTile.Multiply<TVector, TSimd>(rows, row, panel, columns, target);
                    target.Skip(ProductCpu.TileRows);
                }

                panel += (long)Channels * panelColumns;
            }
        }

        // B^T d B of some patches. target: the first patch in the first plane.
        private readonly void TransformInput(int patchRow, int patchColumn, int patches, float* window, float* target)
        {
            int top = FirstRow + 2 * patchRow - 1;
            int left = FirstColumn + 2 * patchColumn - 1;
            int pixels = 2 * patches + 2;
            float* source = X + ((long)top * XWidth + left) * XPitch;
            nint pixelPitch = XPitch;
            nint rowPitch = (nint)XWidth * XPitch;
            bool inside = top >= 0 && top + 4 <= XHeight && left >= 0 && left + pixels <= XWidth;
            if (!inside || Channels != ChannelPitch)
            {
                CopyWindow(top, left, pixels, window);
                source = window;
                pixelPitch = ChannelPitch;
                rowPitch = RunPixels * pixelPitch;
            }

            for (int channel = 0; channel < Channels; channel += TSimd.Width)
                TransformInput(source + channel, pixelPitch, rowPitch, patches, target + channel);
        }

        // One vector of channels. The sums over the rows of a pixel column are made once, and used for two patches.
        private readonly void TransformInput(float* source, nint pixelPitch, nint rowPitch, int patches, float* target)
        {
            nint plane = InputPlane;
            CombineRows(source, rowPitch, out TVector a0, out TVector a1, out TVector a2, out TVector a3);
            CombineRows(source + pixelPitch, rowPitch, out TVector b0, out TVector b1, out TVector b2, out TVector b3);
            for (int patch = 0; patch < patches; patch++)
            {
                source += 2 * pixelPitch;
                CombineRows(source, rowPitch, out TVector c0, out TVector c1, out TVector c2, out TVector c3);
                CombineRows(source + pixelPitch, rowPitch, out TVector d0, out TVector d1, out TVector d2, out TVector d3);
                float* planes = target;
                StoreColumns(planes, plane, a0, b0, c0, d0);
                planes += 4 * plane;
                StoreColumns(planes, plane, a1, b1, c1, d1);
                planes += 4 * plane;
                StoreColumns(planes, plane, a2, b2, c2, d2);
                planes += 4 * plane;
                StoreColumns(planes, plane, a3, b3, c3, d3);
                (a0, a1, a2, a3) = (c0, c1, c2, c3);
                (b0, b1, b2, b3) = (d0, d1, d2, d3);
                target += ChannelPitch;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void CombineRows(float* source, nint rowPitch, out TVector s0, out TVector s1, out TVector s2, out TVector s3)
        {
            TVector d0 = TSimd.Load(source);
            TVector d1 = TSimd.Load(source + rowPitch);
            TVector d2 = TSimd.Load(source + 2 * rowPitch);
            TVector d3 = TSimd.Load(source + 3 * rowPitch);
            s0 = TSimd.Subtract(d0, d2);
            s1 = TSimd.Add(d1, d2);
            s2 = TSimd.Subtract(d2, d1);
            s3 = TSimd.Subtract(d1, d3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StoreColumns(float* planes, nint plane, TVector a, TVector b, TVector c, TVector d)
        {
            TSimd.Store(planes, TSimd.Subtract(a, c));
            TSimd.Store(planes + plane, TSimd.Add(b, c));
            TSimd.Store(planes + 2 * plane, TSimd.Subtract(c, b));
            TSimd.Store(planes + 3 * plane, TSimd.Subtract(b, d));
        }

        // Copies four rows of pixels, zero outside the image, with channels filled up to whole vectors.
        private readonly void CopyWindow(int top, int left, int pixels, float* window)
        {
            int first = Math.Clamp(-left, 0, pixels);
            int end = Math.Clamp(XWidth - left, first, pixels);
            for (int i = 0; i < 4; i++)
            {
                float* target = window + i * RunPixels * ChannelPitch;
                new Span<float>(target, pixels * ChannelPitch).Clear();
                if (top + i < 0 || top + i >= XHeight)
                    continue;
                for (int pixel = first; pixel < end; pixel++)
                {
                    float* source = X + ((long)(top + i) * XWidth + left + pixel) * XPitch;
                    CpuPointer.Copy(source, target + pixel * ChannelPitch, Channels);
                }
            }
        }

        // A^T m A of some patches and one vector of columns, and what follows the product.
        private readonly void TransformOutput(int patchRow, int patchColumn, int patches, float* sums, int column)
        {
            int row = 2 * patchRow;
            int firstPixel = 2 * patchColumn;
            int pixels = Math.Min(2 * patches, Columns - firstPixel);
            int used = Math.Min(TSimd.Width, OutputChannels - column);
            for (int i = 0; i < Math.Min(2, Rows - row); i++)
            {
                EpilogueCpu epilogue = Epilogue.OfRow(row + i, YWidth);
                TileTarget target = epilogue.Target(firstPixel, column, out int neighbours);
                if (used == TSimd.Width && neighbours >= used)
                    TransformOutputRow(sums, lower: i == 1, pixels, target);
                else
                    TransformOutputEdge(sums, lower: i == 1, pixels, epilogue, firstPixel, column, used);
            }
        }

        // A row of output pixels where not all columns of a vector are used or lie side by side goes through a buffer of whole vectors.
        private readonly void TransformOutputEdge(
            float* sums, bool lower, int pixels, in EpilogueCpu epilogue, int firstPixel, int column, int columns)
        {
            const int Pitch = 16;
            float* bias = stackalloc float[(1 + 2 * RunPatches) * Pitch];
            float* whole = bias + Pitch;
            TileTarget target = epilogue.Stage(firstPixel, pixels, column, columns, bias, whole, Pitch);
            TransformOutputRow(sums, lower, pixels, target);
            epilogue.Commit(firstPixel, pixels, column, columns, whole, Pitch);
        }

        private readonly void TransformOutputRow(float* sums, bool lower, int pixels, in TileTarget target)
        {
            nint plane = SumPlane;
            TVector bias = target.BiasAt<TVector, TSimd>(0);
            if (lower)
                sums += 4 * plane;
            for (int pixel = 0; pixel < pixels; pixel += 2)
            {
                TVector s0 = CombineRows(sums, plane, lower);
                TVector s1 = CombineRows(sums + plane, plane, lower);
                TVector s2 = CombineRows(sums + 2 * plane, plane, lower);
                TVector s3 = CombineRows(sums + 3 * plane, plane, lower);
                target.Store<TVector, TSimd>(pixel, TSimd.Add(TSimd.Add(s0, s1), s2), bias);
                if (pixel + 1 < pixels)
                    target.Store<TVector, TSimd>(pixel + 1, TSimd.Subtract(TSimd.Subtract(s1, s2), s3), bias);
                sums += 2 * TSimd.Width;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector CombineRows(float* sums, nint plane, bool lower)
        {
            TVector m0 = TSimd.Load(sums);
            TVector m1 = TSimd.Load(sums + 4 * plane);
            TVector m2 = TSimd.Load(sums + 8 * plane);
            return lower ? TSimd.Subtract(TSimd.Subtract(m0, m1), m2) : TSimd.Add(TSimd.Add(m0, m1), m2);
        }
    }
}
