// The kernel of benchmarks/regroup_cuda on the emulated device, as a shared library.
#include <cstdio>
#include <exception>

#include "lanes.cuh"

// What a CUDA compiler knows; and the ordering made public, as order_kernel.py does in the text.
#define __global__
#define __launch_bounds__(...)
#define __grid_constant__
#define private public
#include "../../../benchmarks/regroup_cuda/order.cu"

// Orders the rows of n_blocks blocks; the arrays are the host's. Returns 0, or 1 with a message in
// error[n_error].
extern "C" __attribute__((visibility("default"))) int emulated_order(
    uint32_t n_blocks, uint32_t n_threads, uint32_t shared_bytes, unsigned seed, uint32_t* length,
    uint16_t* order, uint32_t block_rows, char* error, size_t n_error) {
    const size_t n = size_t{n_blocks} * block_rows;
    void* const length_at = cuda_emulation::map_to_device(length, n * sizeof *length);
    void* const order_at = cuda_emulation::map_to_device(order, n * sizeof *order);
    int failed = 0;
    try {
        const OrderRows o{static_cast<uint32_t*>(length_at), static_cast<uint16_t*>(order_at),
                          block_rows, 0};
        cuda_emulation::launch(
            {n_blocks, n_threads, shared_bytes, cuda_emulation::Order::interleaved, seed},
            [&] { hbp_order(o); });
    } catch (const std::exception& e) {
        std::snprintf(error, n_error, "%s", e.what());
        failed = 1;
    }
    cuda_emulation::unmap(length_at);
    cuda_emulation::unmap(order_at);
    return failed;
}
