// How a warp shares out rows and vectors: each row to some lanes, each lane some vectors.
//
// With one vector a lane has a row, and lanes read consecutive elements of a group. With more, a
// row has lanes_per_row lanes with V vectors each, which read consecutive elements of a row of X.
#pragma once
#include "device.cuh"
#include "plan_view.h"

namespace hbp::cuda {

// V numbers, of V consecutive vectors.
template <class T, int V>
struct Several {
    T v[V];
};

template <class T, int V>
HBP_DEVICE void fused_multiply_add_to(Several<T, V>& sum, T a, const Several<T, V>& x) {
#pragma unroll
    for (int j = 0; j < V; ++j) {
        sum.v[j] = fused_multiply_add(a, x.v[j], sum.v[j]);
    }
}

HBP_DEVICE uint32_t lane_index() { return thread_index() % warp_size; }
HBP_DEVICE uint32_t warp_index() { return thread_index() / warp_size; }
HBP_DEVICE uint32_t n_warps() { return n_threads() / warp_size; }

// What a lane has of every `rows_at_once` rows and of a slice of vectors.
struct Share {
    uint32_t rows_at_once;
    uint32_t row;        // of those
    uint32_t vector;     // the first
    uint32_t n_vectors;  // 0 .. V
};

// The share of a lane in `n` vectors, n <= 32 V.
template <int V>
HBP_DEVICE Share share_of_lane(uint32_t n) {
    if constexpr (V == 1) {
        return {warp_size, lane_index(), 0, 1};
    } else {
        uint32_t lanes_per_row = 1;
        while (lanes_per_row * V < n) {
            lanes_per_row *= 2;
        }
        const uint32_t vector = lane_index() % lanes_per_row * V;
        const uint32_t left = vector < n ? n - vector : 0;
        return {warp_size / lanes_per_row, lane_index() / lanes_per_row, vector,
                left < V ? left : V};
    }
}

}  // namespace hbp::cuda
