// Where the sum of a row within a block goes: to the row's sum, or to a partial result of its own.
#pragma once
#include "lanes.cuh"

namespace hbp::cuda {

// Of the rows of one block. A row has one place in a block, so no two lanes add to one sum; between
// blocks of a row block there is a barrier, so that sums are added in ascending order.
template <class T>
struct RowSums {
    SharedArray<T> sum;  // [rows of the row block * slice]
    uint32_t slice;
    T* partial;  // at the block's first row; null where sums are added at once
    int64_t partial_stride;

    // `row` is within the row block, `place` counts the rows of the block's slots.
    template <int V>
    HBP_DEVICE void put(uint32_t row, uint32_t place, const Share& share,
                        const Several<T, V>& s) const {
#pragma unroll
        for (int j = 0; j < V; ++j) {
            if (j < static_cast<int>(share.n_vectors)) {
                const uint32_t vector = share.vector + static_cast<uint32_t>(j);
                if (partial != nullptr) {
                    store(partial + place * partial_stride + vector, s.v[j]);
                } else {
                    const uint32_t i = row * slice + vector;
                    sum.store(i, add(sum.load(i), s.v[j]));
                }
            }
        }
    }
};

}  // namespace hbp::cuda
