// C = A * B with A [rows, depth], B [depth, columns], C [rows, columns], row-major; all extents multiples of the tile.
// TILE: rows and columns of C that a group computes. DEPTH: the slice of the depth that is staged at a time.
// VALUES: rows and columns of C that a work-item computes, TILE / 16.
__attribute__((reqd_work_group_size(16, 16, 1)))
kernel void matrix_product(
    global const float* restrict a,
    global const float* restrict b,
    global float* restrict c,
    int columns,
    int depth)
{
    local float aTile[DEPTH][TILE] __attribute__((aligned(16)));
    local float bTile[DEPTH][TILE] __attribute__((aligned(16)));
    int x = (int)get_local_id(0);
    int y = (int)get_local_id(1);
    int lane = y * 16 + x;
    int firstRow = (int)get_group_id(1) * TILE;
    int firstColumn = (int)get_group_id(0) * TILE;

    // A work-item stages one float4 of each operand: lane -> (row, quarter) of A, (k, quarter) of B.
    int aRow = lane / 4;
    int aDepth = lane % 4 * 4;
    int bDepth = lane / 16;
    int bColumn = lane % 16 * 4;

    float4 sums[VALUES];
    for (int i = 0; i < VALUES; i++)
        sums[i] = (float4)(0.0f);
    for (int start = 0; start < depth; start += DEPTH)
    {
        float4 aValues = *(global const float4*)(a + (firstRow + aRow) * depth + start + aDepth);
        float4 bValues = *(global const float4*)(b + (start + bDepth) * columns + firstColumn + bColumn);
        barrier(CLK_LOCAL_MEM_FENCE);
        aTile[aDepth + 0][aRow] = aValues.x;
        aTile[aDepth + 1][aRow] = aValues.y;
        aTile[aDepth + 2][aRow] = aValues.z;
        aTile[aDepth + 3][aRow] = aValues.w;
        *(local float4*)&bTile[bDepth][bColumn] = bValues;
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int k = 0; k < DEPTH; k++)
        {
            float4 aColumn = *(local const float4*)&aTile[k][y * VALUES];
            float4 bRow = *(local const float4*)&bTile[k][x * VALUES];
            sums[0] += aColumn.x * bRow;
            sums[1] += aColumn.y * bRow;
            sums[2] += aColumn.z * bRow;
            sums[3] += aColumn.w * bRow;
        }
    }
    for (int i = 0; i < VALUES; i++)
        *(global float4*)(c + (firstRow + y * VALUES + i) * columns + firstColumn + x * VALUES) = sums[i];
}
