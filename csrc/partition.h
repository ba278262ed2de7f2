// Where the rows are cut into row blocks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tuning.h"

namespace hbp {

// How many row blocks of equal entries a matrix gets on n_cpus CPUs, if block_rows allows: a
// multiple of 8, so that 2, 4 or 8 threads have the same number each.
inline int64_t n_equal_row_blocks(int64_t nnz, int n_cpus) {
    using namespace tuning;
    const int64_t fewest = (row_blocks_per_cpu * n_cpus + 7) / 8 * 8;
    const int64_t wanted = (nnz / (8 * row_block_nnz) + 1) * 8;
    const int64_t most = std::max<int64_t>(nnz / min_row_block_nnz, 1);
    return std::min(std::max(fewest, std::min(wanted, max_equal_row_blocks)), most);
}

// First row of each row block, and n_rows. A row block ends at the row that brings the entries so
// far to a multiple of nnz / n_equal_row_blocks, or after block_rows rows. Reads
// O(row blocks * log block_rows) places of indptr and trusts none of them: the result is ascending
// whatever they hold.
template <class I>
std::vector<int64_t> partition_rows(const I* indptr, int64_t n_rows, int64_t nnz,
                                    int64_t block_rows, int n_cpus) {
    const int64_t share = nnz / n_equal_row_blocks(nnz, n_cpus) + 1;
    std::vector<int64_t> first{0};
    while (first.back() < n_rows) {
        const int64_t from = first.back();
        const int64_t to = std::min(from + block_rows, n_rows);
        // Half a share of slack: a block that a long row filled early does not leave a sliver.
        const int64_t target =
            (static_cast<int64_t>(indptr[from]) + share / 2) / share * share + share;
        const I* end = std::lower_bound(indptr + from + 1, indptr + to + 1, target,
                                        [](I a, int64_t b) { return a < b; });
        first.push_back(std::clamp<int64_t>(end - indptr, from + 1, to));
    }
    return first;
}

}  // namespace hbp
