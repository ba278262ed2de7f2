// The product of one block with so few vectors that a vector of the policy holds whole rows of X.
//
// What is a lane for one vector is here as many lanes as there are vectors. Times as fast as with
// vectors that hold part of one row: 1.48 for two floats, 1.11 for four, 1.08 for two doubles
// (eleven matrices, AVX2 on Zen 3).
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernel_tile.h"
#include "plain_rows.h"
#include "row_pieces.h"
#include "tuning.h"
#include "unpacker.h"

namespace hbp {

// Whether a vector holds whole rows of X of so many columns.
template <class Simd, int columns>
inline constexpr bool has_narrow_rows = requires(const typename Simd::T* x, const uint16_t* c) {
    Simd::template gather_rows<columns>(x, c);
};

// Calls of<columns>(), if X has so few columns; the result says whether.
template <class Simd, class F>
HBP_INLINE bool for_narrow_rows(int64_t n_vectors, F&& of) {
    const auto try_columns = [&]<int columns>() __attribute__((always_inline)) {
        if constexpr (has_narrow_rows<Simd, columns>) {
            if (n_vectors == columns) {
                of.template operator()<columns>();
                return true;
            }
        }
        return false;
    };
    return try_columns.template operator()<2>() || try_columns.template operator()<4>() ||
           try_columns.template operator()<8>();
}

// Vectors of slots at a time: up to eight slots, while their sums stay in registers.
template <class Simd, int columns>
constexpr int narrow_vectors(int height) {
    int n = 8 * columns / Simd::width;
    while (n * height > 12) {
        n /= 2;
    }
    return n;
}

// Part of a vector that a slot takes.
template <class Simd, int columns>
using NarrowTile = Tile<Simd, 1,
                        columns == Simd::width       ? Part::whole
                        : 2 * columns == Simd::width ? Part::half
                                                     : Part::quarter>;

// sum[h] += row h of some slots times X, h a row of values each `next_row` further on. If shifted,
// the slots' columns are the first one's, plus one for each.
template <class Simd, int columns, bool shifted, int height, int n, class Index>
HBP_INLINE void accumulate_narrow(const PlainRows<typename Simd::T, Index>& a, int64_t next_row,
                                  const typename Simd::T* x,
                                  typename Simd::Vector (&sum)[height][n]) {
    constexpr int slots = Simd::width / columns;
    const typename Simd::T* value = a.value;
    const Index* column = a.column;
    for (int64_t k = 0; k < a.n; ++k, value += a.value_stride, column += a.column_stride) {
        unrolled<n>([&](auto v) __attribute__((always_inline)) {
            typename Simd::Vector x_v;
            if constexpr (shifted) {
                x_v = Simd::load(x + int64_t{*column} * columns + v * Simd::width);
            } else {
                x_v = Simd::template gather_rows<columns>(x, column + v * slots);
            }
            unrolled<height>([&](auto h) __attribute__((always_inline)) {
                const auto value_hv =
                    Simd::template repeat_each<columns>(value + h * next_row + v * slots);
                sum[h][v] = Simd::fma(value_hv, x_v, sum[h][v]);
            });
        });
    }
}

// of(r, sum) for each of the slots that the sums are of.
template <class Simd, int columns, int n, class F>
HBP_INLINE void for_each_slot(const typename Simd::Vector (&sum)[n], F&& of) {
    using One = typename Simd::Vector[1];
    if constexpr (columns == Simd::width) {
        unrolled<n>([&](auto r) __attribute__((always_inline)) {
            One one = {sum[r]};
            of(r, one);
        });
    } else {
        typename Simd::T each[n * Simd::width];
        unrolled<n>([&](auto v) __attribute__((always_inline)) {
            Simd::store(each + v * Simd::width, sum[v]);
        });
        unrolled<n * Simd::width / columns>([&](auto r) __attribute__((always_inline)) {
            One one = {NarrowTile<Simd, columns>().load(each + r * columns, 0)};
            of(r, one);
        });
    }
}

// y(r)[columns] += row r times X, for the rows of groups.
template <class Simd, int columns, int height, bool shifted, class Index>
HBP_SHARED void slots_narrow(const PlainGroups<typename Simd::T, Index>& groups,
                             const typename Simd::T* x, const RowsOfY<typename Simd::T>& y) {
    using T = typename Simd::T;
    constexpr int n = narrow_vectors<Simd, columns>(height);
    groups.template for_each<n * Simd::width / columns>(
        0, groups.n_groups,
        [&](const PlainRows<T, Index>& rows, uint32_t i, uint32_t at)
            __attribute__((always_inline)) {
                typename Simd::Vector sum[height][n];
                set_to_zero<Simd>(sum);
                const PlainRows<T, Index> own{rows.n, rows.value + i, rows.value_stride,
                                              rows.column + (shifted ? 0 : i), rows.column_stride};
                accumulate_narrow<Simd, columns, shifted>(own, groups.next_row,
                                                          shifted ? x + i * columns : x, sum);
                unrolled<height>([&](auto h) __attribute__((always_inline)) {
                    const RowsOfY<T> y_h{y.y, y.number + at, y.step + h, y.untouched};
                    for_each_slot<Simd, columns>(
                        sum[h], [&](auto r, const auto& one) __attribute__((always_inline)) {
                            NarrowTile<Simd, columns>().add_to(y_h(r, columns), y.untouched, one);
                        });
                });
            });
}

// The same for slots of one row each of which goes on with a tail of its own, n vectors at a time.
template <class Simd, int columns, int n, class Index>
HBP_SHARED void ragged_slots_narrow(uint32_t n_slots,
                                    const PlainRows<typename Simd::T, Index>& common,
                                    const Tails<typename Simd::T, Index>& tail,
                                    const typename Simd::T* x, const RowsOfY<typename Simd::T>& y) {
    using T = typename Simd::T;
    constexpr uint32_t slots = n * Simd::width / columns;
    const NarrowTile<Simd, columns> tile{};
    for (uint32_t i = 0; i < n_slots; i += slots) {
        typename Simd::Vector sum[1][n];
        set_to_zero<Simd>(sum);
        accumulate_narrow<Simd, columns, false>(common.at(i, 0), 0, x, sum);
        int64_t at = tail.first[i];
        for_each_slot<Simd, columns>(sum[0], [&](auto r, auto& one) __attribute__((always_inline)) {
            const PlainRows<T, Index> own{tail.n[i + r], tail.value + at, 1, tail.column + at, 1};
            accumulate<1>(own, x, columns, tile, &one);
            tile.add_to(y(i + r, columns), y.untouched, one);
            at += own.n;
        });
    }
}

// y += groups of slots of equal length times X.
template <class Simd, int columns, class Index>
HBP_INLINE void equal_groups_narrow(uint32_t height,
                                    const PlainGroups<typename Simd::T, Index>& groups,
                                    const typename Simd::T* x, const RowsOfY<typename Simd::T>& y) {
    switch (height) {
        case 1:
            return slots_narrow<Simd, columns, 1, false>(groups, x, y);
        case 2:
            return slots_narrow<Simd, columns, 2, false>(groups, x, y);
        case 3:
            return slots_narrow<Simd, columns, 3, false>(groups, x, y);
        default:
            return slots_narrow<Simd, columns, 4, false>(groups, x, y);
    }
}

// y += the slots of a ragged group times X; the result is how many, all but a few.
template <class Simd, int columns, class Index>
HBP_INLINE uint32_t ragged_group_narrow(const SlotGroup& g,
                                        const PlainRows<typename Simd::T, Index>& common,
                                        const Tails<typename Simd::T, Index>& tail,
                                        const typename Simd::T* x,
                                        const RowsOfY<typename Simd::T>& y) {
    uint32_t i = 0;
    const auto all = [&]<int n>() __attribute__((always_inline)) {
        constexpr uint32_t slots = n * Simd::width / columns;
        if (const uint32_t count = (g.n_slots - i) / slots * slots; count > 0) {
            ragged_slots_narrow<Simd, columns, n>(count, common.at(i, 0), tail.at(i), x,
                                                  {y.y, y.number + i, y.step, y.untouched});
            i += count;
        }
    };
    constexpr int most = narrow_vectors<Simd, columns>(1);
    all.template operator()<most>();
    all.template operator()<most / 2>();
    return i;
}

// partial[k % partials][columns] += n entries of a long row, the first one's for partial[0].
template <class Simd, int columns, class Index>
HBP_SHARED void long_piece_narrow(const PlainElements<typename Simd::T, Index>& a,
                                  const typename Simd::T* x, typename Simd::T* partial) {
    constexpr int partials = tuning::long_row_partials;
    constexpr int n = 8;  // 1.15 times as fast as half as many for two floats (fit2d, nw04)
    constexpr int side = n * Simd::width / columns;
    for (int64_t first = 0; first < std::min<int64_t>(a.n, partials); first += side) {
        typename Simd::T* at = partial + first * columns;
        typename Simd::Vector sum[1][n];
        unrolled<n>([&](auto v) __attribute__((always_inline)) {
            sum[0][v] = Simd::load(at + v * Simd::width);
        });
        const int64_t passes = (a.n - first + partials - side) / partials;
        accumulate_narrow<Simd, columns, false>(
            PlainRows<typename Simd::T, Index>{passes, a.value + first, partials, a.column + first,
                                               partials},
            0, x, sum);
        unrolled<n>([&](auto v) __attribute__((always_inline)) {
            Simd::store(at + v * Simd::width, sum[0][v]);
        });
        const int64_t rest = first + passes * partials;
        for (int64_t k = rest; k < std::min(a.n, rest + side); ++k, at += columns) {
            for (int j = 0; j < columns; ++j) {
                at[j] =
                    fused_multiply_add(a.value[k], x[int64_t{a.column[k]} * columns + j], at[j]);
            }
        }
    }
}

// y(0)[columns] += a long row of n entries times X. piece(k, count) has the `count` ones from k on.
template <class Simd, int columns, class Piece>
HBP_INLINE void long_row_narrow(int64_t n, Piece&& piece, const typename Simd::T* x,
                                const RowsOfY<typename Simd::T>& y) {
    using T = typename Simd::T;
    alignas(64) T partial[tuning::long_row_partials * columns] = {};
    for (int64_t k = 0; k < n; k += long_row_piece) {
        long_piece_narrow<Simd, columns>(piece(k, std::min(n - k, long_row_piece)), x, partial);
    }
    for (int half = tuning::long_row_partials / 2 * columns; half >= columns; half /= 2) {
        for (int i = 0; i < half; ++i) {
            partial[i] = add(partial[i], partial[i + half]);
        }
    }
    T* to = y(0, columns);
    for (int j = 0; j < columns; ++j) {
        to[j] = add(y.untouched ? T{} : to[j], partial[j]);
    }
}

}  // namespace hbp
