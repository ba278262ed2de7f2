// Where the kernels read x: where it lies, or a copy of a window of it in shared memory.
#pragma once
#include "lanes.cuh"

namespace hbp::cuda {

// Row-major X from the first column of a column block on; the vectors of one lane. One vector may
// lie in shared memory: then `x` is where column 0 would be, were it copied too.
template <class T, int V>
struct XSource {
    const T* x;
    int64_t stride;
    uint32_t n;  // of the V vectors

    HBP_DEVICE Several<T, V> load(uint32_t column) const {
        if constexpr (V == 1) {
            return {{load_anywhere(x + column)}};
        } else {
            const T* row = x + static_cast<int64_t>(column) * stride;
            Several<T, V> a;
#pragma unroll
            for (int j = 0; j < V; ++j) {
                a.v[j] = j < static_cast<int>(n) ? load_constant(row + j) : T{};
            }
            return a;
        }
    }
};

}  // namespace hbp::cuda
