// The step of the builder on the device that orders a block's rows, as a kernel of its own.
//
// The code is that of csrc/cuda/build.cuh: RowBlockBuilder::sort_rows, a counting sort by the hash
// of the length. The builder has its lengths in shared memory already and leaves the order there;
// here both cross global memory, as they do for the methods that this is compared with.
#include "../../csrc/cuda/build.cuh"

// Block b has the rows of length[b * block_rows] to length[(b + 1) * block_rows - 1]; 0 is an empty
// row. Its non-empty rows go to order[b * block_rows] and on; the rest of its part is not written.
struct OrderRows {
    const uint32_t* length;  // [blocks * block_rows]
    uint16_t* order;         // [blocks * block_rows]
    uint32_t block_rows;     // at most most_build_rows
    uint32_t unused;
};

// One thread block orders one block.
extern "C" __global__ void __launch_bounds__(128, 4)
    hbp_order(const __grid_constant__ OrderRows o) {
    using namespace hbp::cuda;
    Build b{};
    b.block_rows = o.block_rows;
    b.n_rows = static_cast<int64_t>(n_thread_blocks()) * o.block_rows;
    const RowBlockBuilder<int32_t, float> builder(b);
    const int64_t first = static_cast<int64_t>(thread_block_index()) * o.block_rows;
    for (uint32_t i = thread_index(); i < o.block_rows; i += n_threads()) {
        builder.length_.store(i, load_constant(o.length + first + i));
    }
    builder.sort_rows();
    // Behind the last row of the last class: the number of rows that are not empty.
    const uint32_t n =
        builder.class_.load(builder.place_of(n_warps() - 1, hbp::n_length_classes - 1));
    for (uint32_t i = thread_index(); i < n; i += n_threads()) {
        store(o.order + first + i, static_cast<uint16_t>(builder.sorted_.load(i)));
    }
}
