// The kernels that one instruction set offers for one scalar type, as a table of functions.
#pragma once
#include <cstdint>

#include "hbp_view.h"

namespace hbp {

// One block as its kernel sees it: the streams already at the block's first element.
template <class T>
struct BlockArgs {
    const Run* run;               // [n_runs]
    const uint16_t* slot_row;     // [n_slots]
    const uint32_t* slot_length;  // [slots of ragged and along runs]
    const void* column;           // the block's columns: uint16_t, or uint32_t of a wide block
    const T* value;               // the block's values, unused by Encoding::constant
    const T* table;               // [few_values] of Encoding::few, the powers of decimals
    const T* x;                   // the column block's segment
    T* y;                         // the row block's segment
    int64_t n_vectors;            // columns of X and Y, 1 for a vector
    uint32_t n_runs;
    uint32_t lanes;
    int32_t value_ahead;   // bytes from what is read to what is prefetched
    int32_t column_ahead;  // the same of the columns
    bool untouched;        // y holds nothing yet: known to kernels for several vectors only
    T constant;
};

// A range of CSR rows. y[n_rows] = A[n_rows, :] * x, `y` at the first row of the range.
template <class I, class T>
struct CsrArgs {
    const I* indptr;  // [n_rows + 1] at the first row of the range
    const I* indices;
    const T* data;
    const T* x;
    T* y;
    int64_t n_rows;
    int64_t n_vectors;
};

inline constexpr int n_lane_choices = 3;  // 8, 16, 32
inline constexpr int lane_choice(int lanes) { return lanes == 8 ? 0 : lanes == 16 ? 1 : 2; }

template <class T>
struct KernelTable {
    using BlockKernel = void (*)(const BlockArgs<T>&);
    BlockKernel spmv[n_encodings][n_lane_choices];
    BlockKernel spmm[n_encodings];
    // spmv[raw] for matrices that stay in a cache.
    BlockKernel cached_spmv[n_lane_choices];
    // The same as the first two for wide blocks. Where there are no decimals (may_be_decimal),
    // their kernels are null.
    BlockKernel wide_spmv[n_encodings][n_lane_choices];
    BlockKernel wide_spmm[n_encodings];
    bool fast_decimals;  // enough for decimals to pay
    bool fast_windows;   // enough for windows to pay
    bool prefers_eight;  // groups of eight are faster unless rows are short
    void (*csr32)(const CsrArgs<int32_t, T>&);
    void (*csr64)(const CsrArgs<int64_t, T>&);
};

}  // namespace hbp
