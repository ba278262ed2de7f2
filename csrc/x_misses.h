// Which reads of x miss the caches when a product walks a matrix in CSR order.
#pragma once
#include <cstdint>
#include <vector>

namespace hbp {

// Replays x[index[0]], x[index[1]], ... [nnz] through caches of the given sizes in bytes, the
// smallest first, and returns for each how many reads it could not serve. Reads of a line whose
// neighbour is in the cache are not counted: the hardware prefetches those.
template <class I>
std::vector<int64_t> x_misses(const I* index, int64_t nnz, int64_t itemsize,
                              const std::vector<int64_t>& cache_bytes);

}  // namespace hbp
