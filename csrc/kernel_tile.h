// Columns of X and Y whose sums of some rows stay in registers.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "plain_rows.h"
#include "scalar.h"

namespace hbp {

// What a tile has of a vector of its policy.
enum class Part { whole, half, quarter, some };

// Columns of X and of Y: `vectors` whole vectors, or the first `rest` lanes of one.
template <class Simd, int vectors, Part part>
struct Tile {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    static constexpr T zeros[vectors * Simd::width] = {};
    int rest;
    HBP_INLINE Vector load(const T* row, int v) const {
        if constexpr (part == Part::whole) {
            return Simd::load(row + v * Simd::width);
        } else if constexpr (part == Part::half) {
            return Simd::load_half(row);
        } else if constexpr (part == Part::quarter) {
            return Simd::load_quarter(row);
        } else {
            return Simd::load_first(row, rest);
        }
    }
    HBP_INLINE void add_to(T* y, bool untouched, const Vector (&sum)[vectors]) const {
        const T* from = untouched ? zeros : y;
        if constexpr (part != Part::whole) {
            constexpr int columns = Simd::width / (part == Part::half ? 2 : 4);
            Simd::add_first(y, from, sum[0], part == Part::some ? rest : columns);
        } else {
            for (int v = 0; v < vectors; ++v) {
                const int i = v * Simd::width;
                Simd::store(y + i, Simd::add(Simd::load(from + i), sum[v]));
            }
        }
    }
};

// Whether for_each_tile makes one tile of so many columns.
template <class Simd, int most>
HBP_INLINE bool is_one_tile(int64_t n_vectors) {
    return n_vectors <= Simd::width ||
           (n_vectors <= most * Simd::width && n_vectors % Simd::width == 0 &&
            std::has_single_bit(static_cast<uint64_t>(n_vectors / Simd::width)));
}

// Calls of(j, tile) for tiles of all columns, each from column j on: of `most` vectors, a power of
// two, then of fewer.
template <class Simd, int most, class F>
HBP_INLINE void for_each_tile(int64_t n_vectors, F&& of) {
    int64_t j = 0;
    const auto whole = [&]<int vectors>(std::integral_constant<int, vectors>)
                           __attribute__((always_inline)) {
                               constexpr int columns = vectors * Simd::width;
                               for (; j + columns <= n_vectors; j += columns) {
                                   of(j, Tile<Simd, vectors, Part::whole>{});
                               }
                           };
    whole(std::integral_constant<int, most>());
    if constexpr (most > 4) {
        whole(std::integral_constant<int, 4>());
    }
    if constexpr (most > 2) {
        whole(std::integral_constant<int, 2>());
    }
    if constexpr (most > 1) {
        whole(std::integral_constant<int, 1>());
    }
    const int rest = static_cast<int>(n_vectors - j);
    // Policies whose masked loads cost more than others can load a half or a quarter.
    if constexpr (requires(const typename Simd::T* x) { Simd::load_half(x); }) {
        if (2 * rest == Simd::width) {
            return of(j, Tile<Simd, 1, Part::half>{});
        }
    }
    if constexpr (requires(const typename Simd::T* x) { Simd::load_quarter(x); }) {
        if (4 * rest == Simd::width) {
            return of(j, Tile<Simd, 1, Part::quarter>{});
        }
    }
    if (rest > 0) {
        of(j, Tile<Simd, 1, Part::some>{rest});
    }
}

template <class Simd, int rows, int vectors>
HBP_INLINE void set_to_zero(typename Simd::Vector (&sum)[rows][vectors]) {
    unrolled<rows>([&](auto r) __attribute__((always_inline)) {
        unrolled<vectors>([&](auto v) __attribute__((always_inline)) { sum[r][v] = Simd::zero(); });
    });
}

// What Simd::fma multiplies a row of X by. Complex policies have a form of its own for it, as both
// parts are broadcast straight from memory: for 2, 4, 8 and 32 vectors 1.14, 1.10, 1.05 and 1.01
// times as fast as a broadcast and two shuffles for complex128, 1.03, 1.05, 1.05 and 1.10 for
// complex64 (eight matrices, AVX2 on Zen 3).
template <class Simd>
HBP_INLINE auto factor(typename Simd::T a) {
    if constexpr (requires { Simd::factor(a); }) {
        return Simd::factor(a);
    } else {
        return Simd::broadcast(a);
    }
}

// sum[h * slots + i] += row h of slot i times the tile's columns of X, whose first one x points to.
// The rows of a slot have the same columns; the values of each are `next_row` behind those of the
// one before.
template <int slots, int height, class Simd, int vectors, Part part, class Index>
HBP_INLINE void accumulate(const PlainRows<typename Simd::T, Index>& a, int64_t next_row,
                           const typename Simd::T* x, int64_t n_vectors,
                           const Tile<Simd, vectors, part>& tile,
                           typename Simd::Vector (*sum)[vectors]) {
    const typename Simd::T* value = a.value;
    const Index* column = a.column;
    for (int64_t k = 0; k < a.n; ++k, value += a.value_stride, column += a.column_stride) {
        unrolled<slots>([&](auto i) __attribute__((always_inline)) {
            decltype(factor<Simd>(*value)) value_i[height];
            unrolled<height>([&](auto h) __attribute__((always_inline)) {
                value_i[h] = factor<Simd>(value[h * next_row + i]);
            });
            const typename Simd::T* row = x + static_cast<int64_t>(column[i]) * n_vectors;
            unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
                const auto x_v = tile.load(row, v);
                unrolled<height>([&](auto h) __attribute__((always_inline)) {
                    auto& sum_v = sum[h * slots + i][v];
                    sum_v = Simd::fma(value_i[h], x_v, sum_v);
                });
            });
        });
    }
}

// The same for slots of one row.
template <int slots, class Simd, int vectors, Part part, class Index>
HBP_INLINE void accumulate(const PlainRows<typename Simd::T, Index>& a, const typename Simd::T* x,
                           int64_t n_vectors, const Tile<Simd, vectors, part>& tile,
                           typename Simd::Vector (*sum)[vectors]) {
    accumulate<slots, 1>(a, 0, x, n_vectors, tile, sum);
}

}  // namespace hbp
