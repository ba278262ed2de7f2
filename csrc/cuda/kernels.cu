// The kernels of one value type, as a CUDA compiler gets them.
//
// HBP_STORED is the type of the value stream, HBP_SCALAR that of x, y and the sums. Thread blocks
// have 128 threads, and a multiprocessor room for the registers of four.
#include "product.cuh"

using HbpStored = HBP_STORED;
using HbpScalar = HBP_SCALAR;

// One vector.
extern "C" __global__ void __launch_bounds__(128, 4)
    hbp_spmv(const __grid_constant__ hbp::cuda::Product p) {
    hbp::cuda::ProductKernel<HbpStored, HbpScalar, 1>(p).run();
}

// Several vectors, row-major.
extern "C" __global__ void __launch_bounds__(128, 4)
    hbp_spmm(const __grid_constant__ hbp::cuda::Product p) {
    hbp::cuda::ProductKernel<HbpStored, HbpScalar, 4>(p).run();
}
