// What an HBP matrix looks like, in numbers.
#pragma once
#include <cstdint>

#include "hbp_matrix.h"

namespace hbp {

struct Description {
    int64_t n_row_blocks, n_col_blocks, blocks, slots, groups;
    int64_t nbytes;             // of all arrays that the matrix holds
    int64_t csr_nbytes;         // of the CSR matrix it was built from
    int64_t tail_elements;      // stored one by one after a ragged group's common part
    int64_t tiled_elements;     // in tiles of two rows or more
    int64_t shifted_elements;   // in shifted groups
    int64_t windowed_elements;  // that share vectors of x
    int64_t x_loads;            // of a product: one for each column stored, or for each window
    int64_t long_rows;          // multiplied along the row
    int64_t blocks_of[n_encodings];
    // Mean over the groups of (longest - shortest row): with rows as they come, and as hashed.
    double length_spread_before, length_spread_after;
};

// O(rows * log(rows of a block)) time.
template <class T>
Description describe(const HbpMatrix<T>& m);

}  // namespace hbp
