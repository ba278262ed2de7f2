// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X. A vector of a policy
// holds columns of one row here, not rows.
#pragma once
#include <algorithm>
#include <type_traits>

#include "kernel.h"
#include "kernel_narrow.h"
#include "kernel_tile.h"
#include "plain_rows.h"
#include "row_pieces.h"
#include "unpacker.h"

namespace hbp {

// Vectors of a policy that a tile of so many rows has at most: as many as leave the sums in
// registers. Rows go side by side, as the additions of one row wait for each other. Eight are for
// up to a vector of columns: 1.11 times as fast as four for two columns, 1.02 for four; with two
// vectors 0.86 (AVX2 on Zen 3, eight matrices, float64).
inline constexpr int most_vectors(int rows) { return rows > 6 ? 1 : rows > 3 ? 2 : 4; }

// Calls of(i, j, tile) for all tiles of n_slots slots, `slots` of `height` rows at a time, i the
// first of them. Where a row of X is more than a tile, its tiles follow each other, as they lie
// side by side: 1.06 times as fast as tile by tile for 32 vectors of float64 (31 matrices, AVX2 on
// Zen 3).
template <class Simd, int slots, int height, class F>
HBP_INLINE void for_each_tile_of_slots(uint32_t n_slots, int64_t n_vectors, F&& of) {
    constexpr int most = most_vectors(slots * height);
    if (slots > 1 || n_vectors <= most * Simd::width) {
        for_each_tile<Simd, most>(n_vectors,
                                  [&](int64_t j, const auto& tile) __attribute__((always_inline)) {
                                      for (uint32_t i = 0; i < n_slots; i += slots) {
                                          of(i, j, tile);
                                      }
                                  });
        return;
    }
    for (uint32_t i = 0; i < n_slots; i += slots) {
        for_each_tile<Simd, most>(n_vectors,
                                  [&](int64_t j, const auto& tile)
                                      __attribute__((always_inline)) { of(i, j, tile); });
    }
}

// y(i)[n_vectors] += row i times X, for all rows of n_slots slots of a group, `slots` at a time.
// Each slot has `height` rows with the same columns, their values next_row further on, their rows
// of Y one. They share the loads of rows of X: 1.4 times as fast as row by row for 32 vectors (six
// matrices with tiles, AVX2 on Zen 3). All slots in one call: 1.34 times as fast as a call for each
// set for 32 vectors, 1.06 for two (float32, six matrices of short rows).
template <class Simd, int slots, int height, class Index>
HBP_SHARED void equal_slots_multi(uint32_t n_slots, int64_t next_row,
                                  const PlainRows<typename Simd::T, Index>& first,
                                  const typename Simd::T* x, const RowsOfY<typename Simd::T>& y,
                                  int64_t n_vectors) {
    for_each_tile_of_slots<Simd, slots, height>(
        n_slots, n_vectors,
        [&]<int vectors, Part part>(uint32_t i, int64_t j, const Tile<Simd, vectors, part>& tile)
            __attribute__((always_inline)) {
                typename Simd::Vector sum[height * slots][vectors];
                set_to_zero<Simd>(sum);
                accumulate<slots, height>(first.at(i, 0), next_row, x + j, n_vectors, tile, sum);
                unrolled<height * slots>([&](auto r) __attribute__((always_inline)) {
                    const RowsOfY<typename Simd::T> y_h{y.y, y.number + i, y.step + r / slots,
                                                        y.untouched};
                    tile.add_to(y_h(r % slots, n_vectors) + j, y.untouched, sum[r]);
                });
            });
}

// The same for slots of one row each of which goes on with a tail of its own.
template <class Simd, int slots, class Index>
HBP_SHARED void ragged_slots_multi(uint32_t n_slots,
                                   const PlainRows<typename Simd::T, Index>& common,
                                   const Tails<typename Simd::T, Index>& tail,
                                   const typename Simd::T* x, const RowsOfY<typename Simd::T>& y,
                                   int64_t n_vectors) {
    for_each_tile_of_slots<Simd, slots, 1>(
        n_slots, n_vectors,
        [&]<int vectors, Part part>(uint32_t i, int64_t j, const Tile<Simd, vectors, part>& tile)
            __attribute__((always_inline)) {
                typename Simd::Vector sum[slots][vectors];
                set_to_zero<Simd>(sum);
                accumulate<slots>(common.at(i, 0), x + j, n_vectors, tile, sum);
                const int64_t at = tail.first[i];
                PlainRows<typename Simd::T, Index> of_row{0, tail.value + at, 1, tail.column + at,
                                                          1};
                unrolled<slots>([&](auto r) __attribute__((always_inline)) {
                    of_row.n = tail.n[i + r];
                    accumulate<1>(of_row, x + j, n_vectors, tile, sum + r);
                    of_row.value += of_row.n;
                    of_row.column += of_row.n;
                });
                unrolled<slots>([&](auto r) __attribute__((always_inline)) {
                    tile.add_to(y(i + r, n_vectors) + j, y.untouched, sum[r]);
                });
            });
}

// partial[k % partials] += n entries of a long row times the tile's columns of X, where the first
// entry belongs to partial[0]. Some of them at a time, so that they stay in registers.
template <class Simd, int vectors, Part part, class Index>
HBP_SHARED void long_piece_multi(const PlainElements<typename Simd::T, Index>& a,
                                 const typename Simd::T* x, int64_t n_vectors,
                                 const Tile<Simd, vectors, part>& tile,
                                 typename Simd::Vector (*partial)[vectors]) {
    constexpr int partials = tuning::long_row_partials;
    constexpr int side = 8 / vectors;
    using Row = PlainRows<typename Simd::T, Index>;
    for (int64_t first = 0; first < std::min<int64_t>(a.n, partials); first += side) {
        typename Simd::Vector sum[side][vectors];
        unrolled<side * vectors>([&](auto i) __attribute__((always_inline)) {
            sum[i / vectors][i % vectors] = partial[first + i / vectors][i % vectors];
        });
        int64_t k = first;
        for (; k + side <= a.n; k += partials) {
            accumulate<side>(Row{1, a.value + k, 0, a.column + k, 0}, x, n_vectors, tile, sum);
        }
        unrolled<side - 1>([&](auto i) __attribute__((always_inline)) {
            if (k + i < a.n) {
                accumulate<1>(Row{1, a.value + k + i, 0, a.column + k + i, 0}, x, n_vectors, tile,
                              sum + i);
            }
        });
        unrolled<side * vectors>([&](auto i) __attribute__((always_inline)) {
            partial[first + i / vectors][i % vectors] = sum[i / vectors][i % vectors];
        });
    }
}

// partial[0] = their sum, added in halves.
template <class Simd, int vectors>
HBP_SHARED void add_partials(typename Simd::Vector (*partial)[vectors]) {
    for (int half = tuning::long_row_partials / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) {
            for (int v = 0; v < vectors; ++v) {
                partial[i][v] = Simd::add(partial[i][v], partial[i + half][v]);
            }
        }
    }
}

// y(0)[n_vectors] += a long row of n entries times X. piece(k, count) has the `count` ones from k
// on.
template <class Simd, class Index, class Piece>
HBP_INLINE void long_row_multi(int64_t n, Piece&& piece, const typename Simd::T* x,
                               const RowsOfY<typename Simd::T>& y, int64_t n_vectors) {
    for_each_tile<Simd, most_vectors(1)>(
        n_vectors, [&]<int vectors, Part part>(int64_t j, const Tile<Simd, vectors, part>& tile)
                       __attribute__((always_inline)) {
                           typename Simd::Vector partial[tuning::long_row_partials][vectors];
                           for (auto& p : partial) {
                               for (auto& s : p) {
                                   s = Simd::zero();
                               }
                           }
                           for (int64_t k = 0; k < n; k += long_row_piece) {
                               long_piece_multi(piece(k, std::min(n - k, long_row_piece)), x + j,
                                                n_vectors, tile, partial);
                           }
                           add_partials<Simd>(partial);
                           tile.add_to(y(0, n_vectors) + j, y.untouched, partial[0]);
                       });
}

// The same for a row of any length that is stored in a group, element by element.
template <class T, class Values, class Index>
HBP_SHARED void any_row_multi(const Values& values, const Index* columns, const RowPiece& common,
                              const RowPiece& tail, const T* x, const RowsOfY<T>& y,
                              int64_t n_vectors) {
    for (int64_t j = 0; j < n_vectors; ++j) {
        T sum{};
        for (const RowPiece* p : {&common, &tail}) {
            for (int64_t k = 0; k < p->n; ++k) {
                sum = fused_multiply_add(values.scalar(p->value + k * p->value_stride),
                                         x[column_of<T>(columns, *p, k) * n_vectors + j], sum);
            }
        }
        T* to = y(0, n_vectors) + j;
        *to = add(y.untouched ? T{} : *to, sum);
    }
}

// y += the rows of a group times X, in any encoding: for those with more elements than are
// unpacked. tail_of(i): the tail of slot i.
template <class T, class Values, class Index, class TailOf>
HBP_INLINE void large_group_multi(const SlotGroup& g, const Values& values, const Index* columns,
                                  TailOf&& tail_of, const BlockArgs<T>& b) {
    for (uint32_t i = 0; i < g.n_slots; ++i) {
        for (uint32_t h = 0; h < g.height; ++h) {
            any_row_multi(values, columns, g.of(i, h), tail_of(i), b.x,
                          RowsOfY<T>{b.y, g.slot_row + i, h, b.untouched}, b.n_vectors);
        }
    }
}

// y += the rows of a group times X, where all its slots have the same length. Wide blocks are for
// scattered columns, so that tiles are rare there, and these multiply them row by row.
template <class Simd, class Index>
HBP_INLINE void equal_group_multi(const SlotGroup& g,
                                  const PlainRows<typename Simd::T, Index>& rows,
                                  const BlockArgs<typename Simd::T>& b) {
    const auto all = [&]<int slots, int height>() __attribute__((always_inline)) {
        for (uint32_t h = 0; h < g.height; h += height) {
            equal_slots_multi<Simd, slots, height>(g.n_slots, g.n_slots,
                                                   rows.at(0, int64_t{h} * g.n_slots), b.x,
                                                   {b.y, g.slot_row, h, b.untouched}, b.n_vectors);
        }
    };
    const bool many = b.n_vectors >= 4 * Simd::width;
    if constexpr (!slow_fma<Simd> && sizeof(Index) == 2) {
        switch (g.height) {
            case 2:
                return many ? all.template operator()<1, 2>() : all.template operator()<2, 2>();
            case 3:
                return many ? all.template operator()<1, 3>() : all.template operator()<2, 3>();
            case 4:
                return all.template operator()<1, 4>();
        }
    }
    if constexpr (!slow_fma<Simd>) {
        if (b.n_vectors <= Simd::width && !has_narrow_rows<Simd, 2>) {
            return all.template operator()<8, 1>();
        }
        if (!many) {
            return all.template operator()<4, 1>();
        }
    }
    all.template operator()<1, 1>();
}

// The same of slots from the i-th on that go on with tails.
template <class Simd, class Index>
HBP_INLINE void ragged_group_multi(const SlotGroup& g, uint32_t i,
                                   const PlainRows<typename Simd::T, Index>& common,
                                   const Tails<typename Simd::T, Index>& tail,
                                   const BlockArgs<typename Simd::T>& b) {
    const auto all = [&]<int slots>() __attribute__((always_inline)) {
        if (const uint32_t n = (g.n_slots - i) / slots * slots; n > 0) {
            ragged_slots_multi<Simd, slots>(n, common.at(i, 0), tail.at(i), b.x,
                                            {b.y, g.slot_row + i, 0, b.untouched}, b.n_vectors);
            i += n;
        }
    };
    if constexpr (!slow_fma<Simd>) {
        if (b.n_vectors <= Simd::width && !has_narrow_rows<Simd, 2>) {
            all.template operator()<8>();
        }
        if (b.n_vectors < 4 * Simd::width) {
            all.template operator()<4>();
        }
    }
    all.template operator()<1>();
}

// y += the rows of a group times X.
template <class Simd, class Values, class Index>
HBP_INLINE void group_multi(const BlockArgs<typename Simd::T>& b, const SlotGroup& g,
                            Unpacker<Simd, Values, Index>& unpack) {
    using T = typename Simd::T;
    const int64_t n = g.first.n;
    const int64_t stride = int64_t{g.height} * g.n_slots;
    int64_t first_tail[max_lanes];  // elements of the group before each tail
    int64_t n_elements = n * stride;
    for (uint32_t i = 0; g.tail_length != nullptr && i < g.n_slots; ++i) {
        first_tail[i] = n_elements;
        n_elements += g.tail_length[i];
    }
    if (n_elements > unpacked_elements) {
        // Only where long rows are not multiplied along the row.
        const auto tail_of = [&](uint32_t i) {
            return g.tail_length == nullptr ? RowPiece{0, 0, 1, 0, 1, 0}
                                            : RowPiece{g.tail_length[i],
                                                       g.first.value + first_tail[i],
                                                       1,
                                                       g.first.column + first_tail[i],
                                                       1,
                                                       0};
        };
        return large_group_multi(g, unpack.values(), unpack.columns(), tail_of, b);
    }
    const T* value = unpack.plain_values(g.first.value, n_elements);
    const RowsOfY<T> y{b.y, g.slot_row, 0, b.untouched};
    if (!g.has_own_columns && !g.first.windowed) {
        const PlainRows<T, Index> rows{n, value, stride, unpack.columns() + g.first.column, 1};
        if (for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
                slots_narrow<Simd, columns, 1, true>(g.n_slots, 0, rows, b.x, y);
            })) {
            return;
        }
    }
    const Index* column = unpack.plain_columns(g);
    const PlainRows<T, Index> rows{n, value, stride, column, g.n_slots};
    if (g.tail_length == nullptr) {
        if (!for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
                equal_group_narrow<Simd, columns>(g, rows, b.x, y);
            })) {
            equal_group_multi<Simd>(g, rows, b);
        }
        return;
    }
    const Tails<T, Index> tail{g.tail_length, first_tail, value, column};
    uint32_t done = 0;
    for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
        done = ragged_group_narrow<Simd, columns>(g, rows, tail, b.x, y);
    });
    ragged_group_multi<Simd>(g, done, rows, tail, b);
}

// Y[n_block_rows, k] += A_block * X[block_cols, k], k = b.n_vectors. The caller owns Y.
template <class Simd, template <class> class ValuesOf, class Index>
void block_spmm(const BlockArgs<typename Simd::T>& b) {
    const ValuesOf<Simd> values(b);
    Unpacker<Simd, ValuesOf<Simd>, Index> unpack(values, static_cast<const Index*>(b.column));
    for_each_group<Index>(
        b.run, b.n_runs, b.lanes, b.slot_row, b.slot_length,
        [&](const SlotGroup& g) __attribute__((always_inline)) { group_multi(b, g, unpack); },
        [&](uint16_t row, const RowPiece& p) {
            const auto piece = [&](int64_t k, int64_t n) { return unpack.piece(p, k, n); };
            const RowsOfY<typename Simd::T> y{b.y, &row, 0, b.untouched};
            const bool done = for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
                long_row_narrow<Simd, columns>(p.n, piece, b.x, y);
            });
            if (!done) {
                long_row_multi<Simd, Index>(p.n, piece, b.x, y, b.n_vectors);
            }
        });
}

}  // namespace hbp
