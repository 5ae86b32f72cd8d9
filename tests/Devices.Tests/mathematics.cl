// results[k * count + i] = the k-th function at inputs[i].
__attribute__((reqd_work_group_size(32, 1, 1)))
kernel void native_functions(global const float* restrict inputs, global float* restrict results, int count)
{
    int i = (int)get_global_id(0);
    if (i >= count)
        return;
    float x = inputs[i];
    results[0 * count + i] = native_exp(x);
    results[1 * count + i] = native_exp2(x);
    results[2 * count + i] = native_log(x);
    results[3 * count + i] = native_log2(x);
    results[4 * count + i] = native_recip(x);
    results[5 * count + i] = native_rsqrt(x);
    results[6 * count + i] = native_sqrt(x);
    results[7 * count + i] = native_divide(1.5f, x);
    float4 four = native_exp2((float4)(x, -x, 0.5f * x, 1.0f));
    results[8 * count + i] = four.x + four.y + four.z + four.w;
    results[9 * count + i] = exp(x);
    results[10 * count + i] = erf(x);
    results[11 * count + i] = tanh(x);
    results[12 * count + i] = rsqrt(x) / sqrt(x);
}
