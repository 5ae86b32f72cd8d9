// Wrong for every driver, so that the report of that is tested: their OpenCL compilers see the error below, and
// the PTX holds an instruction that does not exist.
#ifndef GSASR_PTX
#error this source is wrong on purpose
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
kernel void broken(global int* restrict values)
{
    __asm__ volatile("nosuchinstruction.u32 %0, %0;" : : "r"(1));
    values[0] = 1;
}
