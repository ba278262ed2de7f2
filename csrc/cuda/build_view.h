// What the kernels that build a plan on the device read and write.
#pragma once
#include "../tuning.h"
#include "plan_view.h"

namespace hbp::cuda {

// Most columns of blocks and most rows of a row block that are built on a device: each has a
// counter in the shared memory of one thread block.
inline constexpr uint32_t most_column_blocks = 1024;
inline constexpr uint32_t most_build_rows = 1024;

// Row block rb has the rows from rb * block_rows on, and one thread block builds it. The columns of
// a row ascend. Row blocks are counted first: n_blocks, n_pieces and n_slots get what each has.
// With running sums of these in their place the rest is filled in.
struct Build {
    const void* indptr;     // [n_rows + 1]
    const void* indices;    // [nnz]
    const void* data;       // [nnz]
    int64_t* n_blocks;      // [row blocks + 1]
    int64_t* n_pieces;      // [row blocks + 1]
    int64_t* n_slots;       // [row blocks + 1]
    Piece* piece;           // [pieces]
    int64_t* piece_cost;    // [pieces]
    DeviceBlock* block;     // [blocks]
    uint16_t* slot_row;     // [slots]
    uint32_t* slot_length;  // [slots] of a ragged group the tails, of a long row the length
    uint16_t* column;       // [nnz]
    void* value;            // [nnz]
    int64_t n_rows;
    int64_t block_cols;
    uint32_t block_rows;
    uint32_t n_column_blocks;
};

// Bytes of shared memory that a thread block needs.
inline constexpr uint32_t build_shared_bytes(uint32_t n_column_blocks, uint32_t block_rows,
                                             uint32_t n_warps) {
    const uint32_t words =
        4 + 3 * n_column_blocks + 3 * block_rows + warp_size + n_warps * (tuning::long_row + 1);
    return words * 4;
}

}  // namespace hbp::cuda
