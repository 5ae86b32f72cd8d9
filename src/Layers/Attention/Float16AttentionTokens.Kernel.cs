using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>The tokens of a window that attention of float16 keeps in shared memory, and how they come there.</summary>
internal static class Float16AttentionTokens
{
    /// <summary>Blocks of 8 channels of a head, 16 bytes.</summary>
    public static int Chunks<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize / 8;

    /// <summary>Bytes of a row.</summary>
    public static int RowBytes<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize * 2;

    /// <summary>
    /// Where a chunk of a row lies. Rows come without gaps, keys, values, queries; the chunks of a row change places so that those of the
    /// eight rows of a matrix lie in different banks.
    /// </summary>
    public static int PlaceOf<TTile>(int row, int chunk)
        where TTile : struct, IFloat16AttentionTile =>
        row * (TTile.HeadSize / 2) + (chunk ^ (row >> (TTile.HeadSize == 32 ? 1 : 2) & (Chunks<TTile>() - 1))) * 4;

    // Where queries begin in shared memory.
    private static int QueryBytes<TTile>()
        where TTile : struct, IFloat16AttentionTile => 2 * TTile.MostKeys * RowBytes<TTile>();

    /// <summary>Whether shared memory holds only the queries that the warps take at once.</summary>
    public static bool HasPartOfQueries<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.MostQueries < TTile.MostKeys;

    /// <summary>
    /// Brings keys, values and queries into shared memory, turned if there is a rotary embedding; zeros where there is no token. An item
    /// has the same channels of every so many tokens, and waits for one while the next are on their way.
    /// </summary>
    public static void Load<TTile>(
        ArrayView<int> shared,
        ArrayView<short> query,
        int queryPitch,
        ArrayView<short> key,
        int keyPitch,
        ArrayView<short> value,
        int valuePitch,
        ArrayView<float> positions,
        int firstPosition,
        int headChannel,
        int height,
        int width,
        int windowRow,
        int windowColumn,
        int side,
        int sideReciprocal,
        int keySide,
        int keySideReciprocal,
        int queryShift,
        int keyStart,
        int wraps)
        where TTile : struct, IFloat16AttentionTile
    {
        int tokens = Gpu.Keep(side * side);
        int keyTokens = Gpu.Keep(keySide * keySide);
        int firstToken = Gpu.Keep(Group.IdxX / Chunks<TTile>());
        int chunk = Group.IdxX & (Chunks<TTile>() - 1);
        int channel = Gpu.Keep(headChannel + chunk * 8);
        int place = Gpu.Keep(PlaceOf<TTile>(firstToken, chunk));
        int address = Gpu.Keep(TensorCores.AddressOf(ref shared[0]) + place * 4);
        int keyRow = Gpu.Keep(windowRow + keyStart);
        int keyColumn = Gpu.Keep(windowColumn + keyStart);
        int wrappedHeight = Gpu.Keep(wraps != 0 ? height : 0);
        int wrappedWidth = Gpu.Keep(wraps != 0 ? width : 0);
        int queryRow = Gpu.Keep(windowRow + queryShift);
        int queryColumn = Gpu.Keep(windowColumn + queryShift);

        // Where key windows are larger, there are fewer queries than keys.
        int queryRows = Gpu.Keep(
            XMath.Min((tokens + 16 * TTile.QueryTiles - 1) / (16 * TTile.QueryTiles) * (16 * TTile.QueryTiles), TTile.MostQueries));
        for (int i = 0; i < LoadSteps<TTile>(); i++)
        {
            int token = firstToken + i * TokensOfStep<TTile>();
            int row = token * keySideReciprocal >> 16;
            int column = token - row * keySide + keyColumn;
            row += keyRow;
            row -= row >= height ? wrappedHeight : 0;
            column -= column >= width ? wrappedWidth : 0;
            bool isInside = token < keyTokens & (uint)row < (uint)height & (uint)column < (uint)width;
            int pixel = isInside ? row * width + column : 0;
            int bytes = isInside ? 16 : 0;
            TensorCores.StartCopy(address + StepBytes<TTile>(i), ref key[pixel * keyPitch + channel], bytes);
            TensorCores.StartCopy(address + StepBytes<TTile>(i) + TTile.MostKeys * RowBytes<TTile>(), ref value[pixel * valuePitch + channel], bytes);
            if (i * TokensOfStep<TTile>() < queryRows)
            {
                row = token * sideReciprocal >> 16;
                pixel = AttentionTokens.WrappedPixel(row + queryRow, token - row * side + queryColumn, height, width);
                TensorCores.StartCopy(
                    address + StepBytes<TTile>(i) + QueryBytes<TTile>(),
                    ref query[(token < tokens ? pixel : 0) * queryPitch + channel],
                    token < tokens ? 16 : 0);
            }

            TensorCores.EndCopyGroup();
        }

        if (TTile.Rotates)
        {
            var angles = new Float4[2 * LoadSteps<TTile>()];
            for (int i = 0; i < LoadSteps<TTile>(); i++)
            {
                int angle = firstPosition + XMath.Min(firstToken + i * TokensOfStep<TTile>(), keyTokens - 1) * TTile.HeadSize + chunk * 8;
                angles[2 * i] = Gpu.Load4(ref positions[angle]);
                angles[2 * i + 1] = Gpu.Load4(ref positions[angle + 4]);
            }

            for (int i = 0; i < LoadSteps<TTile>(); i++)
            {
                TensorCores.WaitForCopies(LoadSteps<TTile>() - 1 - i);
                Turn(shared, place + StepBytes<TTile>(i) / 4, angles[2 * i], angles[2 * i + 1]);
                if (i * TokensOfStep<TTile>() < queryRows)
                    Turn(shared, place + (StepBytes<TTile>(i) + QueryBytes<TTile>()) / 4, angles[2 * i], angles[2 * i + 1]);
            }
        }
        else
        {
            TensorCores.WaitForCopies(0);
        }
    }

    /// <summary>Puts queries from a certain one on in the place of the first ones.</summary>
    public static void LoadMoreQueries<TTile>(
        ArrayView<int> shared,
        ArrayView<short> query,
        int queryPitch,
        ArrayView<float> positions,
        int firstPosition,
        int headChannel,
        int height,
        int width,
        int queryRow,
        int queryColumn,
        int side,
        int sideReciprocal,
        int firstQuery)
        where TTile : struct, IFloat16AttentionTile
    {
        int tokens = side * side;
        int chunk = Group.IdxX & (Chunks<TTile>() - 1);
        int place = Gpu.Keep(PlaceOf<TTile>(Group.IdxX / Chunks<TTile>(), chunk) + QueryBytes<TTile>() / 4);
        for (int i = 0; i < TTile.MostQueries / TokensOfStep<TTile>(); i++)
        {
            int token = firstQuery + Group.IdxX / Chunks<TTile>() + i * TokensOfStep<TTile>();
            int row = token * sideReciprocal >> 16;
            int pixel = AttentionTokens.WrappedPixel(row + queryRow, token - row * side + queryColumn, height, width);
            TensorCores.StartCopy(
                TensorCores.AddressOf(ref shared[0]) + place * 4 + StepBytes<TTile>(i),
                ref query[(token < tokens ? pixel : 0) * queryPitch + headChannel + chunk * 8],
                token < tokens ? 16 : 0);
        }

        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        if (TTile.Rotates)
        {
            for (int i = 0; i < TTile.MostQueries / TokensOfStep<TTile>(); i++)
            {
                int token = XMath.Min(firstQuery + Group.IdxX / Chunks<TTile>() + i * TokensOfStep<TTile>(), tokens - 1);
                int angle = firstPosition + token * TTile.HeadSize + chunk * 8;
                Turn(shared, place + StepBytes<TTile>(i) / 4, Gpu.Load4(ref positions[angle]), Gpu.Load4(ref positions[angle + 4]));
            }
        }
    }

    // Tokens that the items of a group bring at once.
    private static int TokensOfStep<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.Warps * 32 / Chunks<TTile>();

    private static int LoadSteps<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.MostKeys / TokensOfStep<TTile>();

    // How far the rows of a step are from those of the first. A step has whole eights of rows, so chunks change places alike.
    private static int StepBytes<TTile>(int step)
        where TTile : struct, IFloat16AttentionTile => step * TokensOfStep<TTile>() * RowBytes<TTile>();

    // Turns the pairs of a chunk in shared memory.
    private static void Turn(ArrayView<int> shared, int place, Float4 first, Float4 second)
    {
        Int4 loaded = Gpu.Load4(ref shared[place]);
        Gpu.Store4(
            ref shared[place],
            Float16Values.Pack(
                AttentionTokens.Rotated(Float16Values.First(loaded), first), AttentionTokens.Rotated(Float16Values.Second(loaded), second)));
    }
}
