// An HBP matrix as the CUDA kernels read it: pieces for warps, tasks for thread blocks.
#pragma once
#include <cstdint>
#include <vector>

#include "../hbp_matrix.h"
#include "plan_view.h"
#include "stored_types.h"

namespace hbp::cuda {

// Entries that a piece has about; a single group or slot may have more.
inline constexpr int64_t piece_entries = 1024;

// A block's window of x is worth a copy in shared memory if each entry of it is read this often.
inline constexpr int64_t window_uses = 4;

struct DeviceLimits {
    // A row block with more than this cost (tuning.h) is split into parts of about this cost.
    int64_t part_cost;
    // Most entries of a window of x; 0 for no windows.
    uint32_t max_window;
    // Bytes of a stored value, those of T or 2.
    int stored_size;
};

struct DevicePlan {
    std::vector<Piece> piece;
    std::vector<DeviceBlock> block;
    std::vector<Task> task;
    int64_t n_partials = 0;  // rows of partial results
    uint32_t n_split = 0;    // row blocks in parts
    uint32_t max_rows = 0;   // of a row block
    uint32_t max_window = 0;
};

// Throws std::invalid_argument unless groups have 32 lanes. O(entries) if there may be windows,
// else O(runs + slots of ragged and along runs).
template <class T>
DevicePlan device_plan(const HbpMatrix<T>& m, const DeviceLimits& limits);

// The value stream in 16 bits. Throws std::invalid_argument if a value is not one of that type.
template <class Stored>
std::vector<Stored> narrow_values(const HbpMatrix<float>& m);

}  // namespace hbp::cuda
