// What the CUDA kernels read of a plan: the HBP streams as they are, and where warps begin in them.
//
// The streams of hbp_view.h say implicitly where a group lies: behind all before it. Warps that
// work side by side need that written down. A piece is what one warp multiplies at a time: some
// groups or slots of one run of one block. A task is what one thread block works on: a row block,
// or for a row block with far more work than others a part of one of its blocks.
#pragma once
#include <cstdint>

#include "../hbp_view.h"

namespace hbp::cuda {

inline constexpr int warp_size = 32;  // and the lanes of a group, in every plan for CUDA

struct Piece {
    int64_t value;      // its first value: in `value`, or if the block has few values in its bytes
    int64_t column;     // its first column, in `column`
    int64_t slot;       // its first slot, in slot_row
    int64_t length;     // its first length, in slot_length
    Run run;            // of the run it is cut from; n counts the groups or slots of the piece
    uint16_t row;       // rows of the block's slots before it
    Encoding encoding;  // of the block
    uint8_t unused[5];
};
static_assert(sizeof(Piece) == 48, "it is read as three vectors of 16 bytes");

struct DeviceBlock {
    int64_t first_piece;
    int64_t first_partial;  // row partial results of the block, if its row block is split
    int64_t first_column;   // of the matrix
    uint32_t n_pieces;
    uint32_t window_first;  // the columns of the block are window_first .. + window_n - 1; if
    uint32_t window_n;      // window_n is 0, x is read from where it lies
    uint32_t unused;
};
static_assert(sizeof(DeviceBlock) == 40, "it is read as vectors of 8 bytes");

struct Task {
    int64_t row_block;
    int64_t block;         // of a part
    uint32_t first_piece;  // of a part, from the block's first
    uint32_t n_pieces;     // of a part
    uint32_t n_parts;      // of the row block; 1 if the task is all of it
    uint32_t arrivals;     // of a part: the counter of the row block
};
static_assert(sizeof(Task) == 32, "it is read as two vectors of 16 bytes");

// The counters of a product, all 0 between products: each kernel leaves them as it found them.
inline constexpr int ticket_counter = 0;    // tasks handed out
inline constexpr int finished_counter = 1;  // thread blocks that found no task left
inline constexpr int n_fixed_counters = 2;  // then the arrivals of each split row block

// One product Y[n_rows, k] = alpha * A * X[n_cols, k] + beta * Y, k = n_vectors, as the kernels get
// it: the plan, the room to work in, the operands.
struct Product {
    const Piece* piece;
    const DeviceBlock* block;
    const Task* task;              // [n_tasks] by falling cost
    const int64_t* row_block_ptr;  // [row blocks + 1]
    const int64_t* block_ptr;      // [row blocks + 1]
    const uint16_t* slot_row;
    const uint32_t* slot_length;
    const uint16_t* column;
    const void* value;     // of the stored type, or bytes
    const void* constant;  // [blocks] of the scalar type: the value of a constant block
    const void* table;     // [blocks * few_values] of the scalar type, or null
    void* partial;         // [partial rows * n_vectors] of the scalar type
    uint32_t* counter;     // [n_fixed_counters + split row blocks]
    const void* x;         // [n_cols * n_vectors] of the scalar type
    void* y;               // [n_rows * n_vectors] of the scalar type
    double alpha_re, alpha_im;
    double beta_re, beta_im;
    int64_t n_vectors;
    uint32_t n_tasks;
    uint32_t n_fixed;   // tasks that are dealt out beforehand
    uint32_t max_rows;  // of a row block
    uint32_t slice;     // vectors whose sums shared memory holds at a time
};

// Shared memory of a thread block: a place for the ticket, the sums of a row block, a window of x.
inline constexpr uint32_t ticket_bytes = 16;

}  // namespace hbp::cuda
