// Where the rows are cut into row blocks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "csr_view.h"
#include "tuning.h"

namespace hbp {

// Most entries of a row block that has more than one row.
inline int64_t row_block_nnz_limit(int64_t nnz) {
    return std::max(nnz / tuning::max_share_of_row_block, tuning::min_nnz_of_row_block);
}

// First row of each row block, and n_rows. A row block ends after block_rows rows, or before the
// row that would take it past the limit of entries. Reads O(row blocks * log block_rows) places
// of indptr and trusts none of them: the result is ascending whatever they hold.
template <class I>
std::vector<int64_t> partition_rows(const I* indptr, int64_t n_rows, int64_t nnz,
                                    int64_t block_rows) {
    const int64_t limit = row_block_nnz_limit(nnz);
    std::vector<int64_t> first{0};
    while (first.back() < n_rows) {
        const int64_t from = first.back();
        const int64_t to = std::min(from + block_rows, n_rows);
        const int64_t last_entry = static_cast<int64_t>(indptr[from]) + limit;
        const I* end = std::upper_bound(indptr + from + 1, indptr + to + 1, last_entry,
                                        [](int64_t a, I b) { return a < b; });
        first.push_back(std::clamp<int64_t>(end - indptr - 1, from + 1, to));
    }
    return first;
}

}  // namespace hbp
