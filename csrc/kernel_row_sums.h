// Where the sums of a block's rows go.
#pragma once
#include <cstdint>

#include "four_indices.h"
#include "scalar.h"

namespace hbp {

// Takes the sums slot by slot.
template <class Simd>
struct RowSums {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const uint16_t* row;  // of the next slot, within the row block
    T* y;                 // of the row block

    // y[row] += sum, of the row `below` the first one of a slot.
    HBP_INLINE void add(uint32_t slot, int below, T sum) const {
        T& to = y[row[slot] + below];
        to = hbp::add(to, sum);
    }

    // The same for all slots of a group.
    template <int vectors>
    HBP_INLINE void add_scattered(const Vector (&sum)[vectors], int below) const {
        constexpr int lanes = vectors * Simd::width;
        alignas(64) T lane_sum[lanes];
        for (int v = 0; v < vectors; ++v) {
            Simd::store(lane_sum + v * Simd::width, sum[v]);
        }
        T* to = y + below;
        for (int i = 0; i < lanes; i += 4) {
            const Four to_row = four_indices(row + i);
            for (int k = 0; k < 4; ++k) {
                T& y_row = to[to_row.i[k]];
                y_row = hbp::add(y_row, lane_sum[i + k]);
            }
        }
    }

    // The same for single rows. They are ascending and distinct, so that consecutive ones show at
    // their ends.
    template <int vectors>
    HBP_INLINE void add_group(const Vector (&sum)[vectors]) const {
        constexpr int lanes = vectors * Simd::width;
        if (row[lanes - 1] - row[0] == lanes - 1) {
            T* to = y + row[0];
            for (int v = 0; v < vectors; ++v, to += Simd::width) {
                Simd::store(to, Simd::add(Simd::load(to), sum[v]));
            }
        } else {
            add_scattered(sum, 0);
        }
    }
};

}  // namespace hbp
