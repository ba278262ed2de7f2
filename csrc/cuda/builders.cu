// The kernels that build a plan on the device, as a CUDA compiler gets them.
//
// HBP_INDEX is the type of the CSR indices, HBP_SCALAR that of the values.
#include "build.cuh"

using HbpIndex = HBP_INDEX;
using HbpScalar = HBP_SCALAR;

extern "C" __global__ void __launch_bounds__(128, 4)
    hbp_count(const __grid_constant__ hbp::cuda::Build b) {
    hbp::cuda::RowBlockBuilder<HbpIndex, HbpScalar>(b).count();
}

extern "C" __global__ void __launch_bounds__(128, 4)
    hbp_fill(const __grid_constant__ hbp::cuda::Build b) {
    hbp::cuda::RowBlockBuilder<HbpIndex, HbpScalar>(b).fill();
}
