// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X. A vector of a policy
// holds columns of one row here, not rows; for rows shorter than that see kernel_narrow.h.
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
// up to a vector of columns of policies without narrow rows: 1.11 times as fast as four for two
// columns, 1.02 for four; with two vectors 0.86 (AVX2 on Zen 3, eight matrices, float64).
inline constexpr int most_vectors(int rows) { return rows > 6 ? 1 : rows > 3 ? 2 : 4; }

// Calls of(rows, i, at, j, tile) for all tiles of groups of slots of `height` rows, `slots` at a
// time: see PlainGroups. Where a row of X is one tile, the tile is the same for all groups. Else
// tiles follow each other for a group at a time, or for a slot of more than most_vectors() of X, as
// they lie side by side: 1.06 times as fast as tile by tile for 32 vectors of float64 (31 matrices,
// AVX2 on Zen 3).
template <class Simd, int slots, int height, class Index, class F>
HBP_INLINE void for_each_tile_of_slots(const PlainGroups<typename Simd::T, Index>& groups,
                                       int64_t n_vectors, F&& of) {
    using Rows = PlainRows<typename Simd::T, Index>;
    constexpr int most = most_vectors(slots * height);
    if (slots > 1 || n_vectors <= most * Simd::width) {
        const bool one_tile = n_vectors <= Simd::width || n_vectors == most * Simd::width;
        const uint32_t at_once = one_tile ? groups.n_groups : 1;
        for (uint32_t g = 0; g < groups.n_groups; g += at_once) {
            for_each_tile<Simd, most>(
                n_vectors, [&](int64_t j, const auto& tile) __attribute__((always_inline)) {
                    groups.template for_each<slots>(
                        g, at_once,
                        [&](const Rows& rows, uint32_t i, uint32_t at)
                            __attribute__((always_inline)) { of(rows, i, at, j, tile); });
                });
        }
        return;
    }
    groups.template for_each<slots>(
        0, groups.n_groups,
        [&](const Rows& rows, uint32_t i, uint32_t at) __attribute__((always_inline)) {
            for_each_tile<Simd, most>(n_vectors, [&](int64_t j, const auto& tile) __attribute__((
                                                     always_inline)) { of(rows, i, at, j, tile); });
        });
}

// y(at)[n_vectors] += row times X, for all rows of groups, `slots` at a time. The rows of a slot
// share the loads of rows of X: 1.44 times as fast as row by row for 32 vectors of float64, 1.33 of
// float32 (six matrices with tiles, AVX2 on Zen 3).
template <class Simd, int slots, int height, class Index>
HBP_SHARED void equal_slots_multi(const PlainGroups<typename Simd::T, Index>& groups,
                                  const typename Simd::T* x, const RowsOfY<typename Simd::T>& y,
                                  int64_t n_vectors) {
    for_each_tile_of_slots<Simd, slots, height>(
        groups, n_vectors,
        [&]<int vectors, Part part>(
            const PlainRows<typename Simd::T, Index>& rows, uint32_t i, uint32_t at, int64_t j,
            const Tile<Simd, vectors, part>& tile) __attribute__((always_inline)) {
            typename Simd::Vector sum[height * slots][vectors];
            set_to_zero<Simd>(sum);
            accumulate<slots, height>(rows.at(i, 0), groups.next_row, x + j, n_vectors, tile, sum);
            unrolled<height * slots>([&](auto r) __attribute__((always_inline)) {
                const RowsOfY<typename Simd::T> y_h{y.y, y.number + at, y.step + r / slots,
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
    const PlainGroups<typename Simd::T, Index> group{common, 1, n_slots, 0};
    for_each_tile_of_slots<Simd, slots, 1>(
        group, n_vectors,
        [&]<int vectors, Part part>(
            const PlainRows<typename Simd::T, Index>& rows, uint32_t i, uint32_t, int64_t j,
            const Tile<Simd, vectors, part>& tile) __attribute__((always_inline)) {
            typename Simd::Vector sum[slots][vectors];
            set_to_zero<Simd>(sum);
            accumulate<slots>(rows.at(i, 0), x + j, n_vectors, tile, sum);
            const int64_t at = tail.first[i];
            PlainRows<typename Simd::T, Index> of_row{0, tail.value + at, 1, tail.column + at, 1};
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

// y += the rows of a group times X, element by element: for groups with more elements than are
// unpacked, which there are only where long rows are not multiplied along the row.
template <class Simd, class Index>
HBP_SHARED void large_group_multi(const BlockArgs<typename Simd::T>& b, const SlotGroup& g,
                                  Unpacker<Simd, Index>& unpack) {
    using T = typename Simd::T;
    RowPiece tail{0, g.tail_value, 1, g.tail_column, 1, 0};
    for (uint32_t i = 0; i < g.n_slots; ++i) {
        tail.n = g.tail_length == nullptr ? 0 : g.tail_length[i];
        for (uint32_t h = 0; h < g.height; ++h) {
            const RowPiece common = g.of(i, h);
            T* y = b.y + (g.slot_row[i] + h) * b.n_vectors;
            for (int64_t j = 0; j < b.n_vectors; ++j) {
                T sum{};
                for (const RowPiece* p : {&common, static_cast<const RowPiece*>(&tail)}) {
                    for (int64_t k = 0; k < p->n; ++k) {
                        const T value = *unpack.plain_values(p->value + k * p->value_stride, 1);
                        const int64_t column = column_of<T>(unpack.columns(), *p, k);
                        sum = fused_multiply_add(value, b.x[column * b.n_vectors + j], sum);
                    }
                }
                y[j] = add(b.untouched ? T{} : y[j], sum);
            }
        }
        tail.value += tail.n;
        tail.column += tail.n;
    }
}

// Whether so many columns keep the multipliers busy with one slot at a time.
template <class Simd>
HBP_INLINE bool has_many(int64_t n_vectors) {
    return n_vectors >= 4 * Simd::width;
}

// Calls of<slots>(i, count) for n slots of one row each: count ones from the i-th on are to be
// multiplied `slots` at a time.
template <class Simd, class F>
HBP_INLINE void for_slots_of_one_row(int64_t n_vectors, uint32_t n, F&& of) {
    uint32_t i = 0;
    const auto all = [&]<int slots>() __attribute__((always_inline)) {
        if (const uint32_t count = (n - i) / slots * slots; count > 0) {
            of.template operator()<slots>(i, count);
            i += count;
        }
    };
    if constexpr (!slow_fma<Simd>) {
        if (n_vectors <= Simd::width && !has_narrow_rows<Simd, 2>) {
            all.template operator()<8>();
        }
        if (!has_many<Simd>(n_vectors)) {
            all.template operator()<4>();
        }
    }
    all.template operator()<1>();
}

// y += groups of slots of equal length times X. Wide blocks are for scattered columns, so that
// tiles are rare there, and these multiply them row by row.
template <class Simd, class Index>
HBP_INLINE void equal_groups_multi(const BlockArgs<typename Simd::T>& b, uint32_t height_of_slots,
                                   const PlainGroups<typename Simd::T, Index>& groups,
                                   const RowsOfY<typename Simd::T>& y) {
    const auto all = [&]<int slots, int height>() __attribute__((always_inline)) {
        for (uint32_t h = 0; h < height_of_slots; h += height) {
            PlainGroups<typename Simd::T, Index> of_h = groups;
            of_h.first.value += h * groups.next_row;
            equal_slots_multi<Simd, slots, height>(of_h, b.x, {y.y, y.number, h, y.untouched},
                                                   b.n_vectors);
        }
    };
    const bool many = has_many<Simd>(b.n_vectors);
    if constexpr (!slow_fma<Simd> && sizeof(Index) == 2) {
        switch (height_of_slots) {
            case 2:
                return many ? all.template operator()<1, 2>() : all.template operator()<2, 2>();
            case 3:
                return many ? all.template operator()<1, 3>() : all.template operator()<2, 3>();
            case 4:
                return all.template operator()<1, 4>();
        }
    }
    for_slots_of_one_row<Simd>(b.n_vectors, groups.n_slots,
                               [&]<int slots>(uint32_t, uint32_t) __attribute__((always_inline)) {
                                   all.template operator()<slots, 1>();
                               });
}

// y += the slots of a ragged group from the i-th on times X.
template <class Simd, class Index>
HBP_INLINE void ragged_group_multi(const SlotGroup& g, uint32_t i,
                                   const PlainRows<typename Simd::T, Index>& common,
                                   const Tails<typename Simd::T, Index>& tail,
                                   const BlockArgs<typename Simd::T>& b) {
    for_slots_of_one_row<Simd>(
        b.n_vectors, g.n_slots - i,
        [&]<int slots>(uint32_t first, uint32_t n) __attribute__((always_inline)) {
            ragged_slots_multi<Simd, slots>(n, common.at(i + first, 0), tail.at(i + first), b.x,
                                            {b.y, g.slot_row + i + first, 0, b.untouched},
                                            b.n_vectors);
        });
}

// y += groups of slots of equal length times X, no more than an Unpacker has room for. All rows of
// a group in one call: 1.34 times as fast as a call for each set for 32 vectors, 1.06 for two
// (float32, six matrices of short rows, AVX2 on Zen 3). All groups: 1.02 times as fast as a call
// for each for 32 vectors, 1.06 for two (float32, eleven matrices).
template <class Simd, class Index>
HBP_INLINE void some_groups_multi(const BlockArgs<typename Simd::T>& b, const SlotGroup& g,
                                  Unpacker<Simd, Index>& unpack) {
    using T = typename Simd::T;
    const T* value = unpack.plain_values(g.first.value, g.n_groups * g.n_elements());
    const RowsOfY<T> y{b.y, g.slot_row, 0, b.untouched};
    PlainGroups<T, Index> groups{
        {g.first.n, value, int64_t{g.height} * g.n_slots, unpack.columns() + g.first.column, 1},
        g.n_groups,
        g.n_slots,
        g.n_slots};
    if (!g.has_own_columns && !g.first.windowed) {
        if (for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
                slots_narrow<Simd, columns, 1, true>(groups, b.x, y);
            })) {
            return;
        }
    }
    groups.first.column = unpack.plain_columns(g);
    groups.first.column_stride = g.n_slots;
    if (!for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
            equal_groups_narrow<Simd, columns>(g.height, groups, b.x, y);
        })) {
        equal_groups_multi<Simd>(b, g.height, groups, y);
    }
}

// y += the rows of groups times X.
template <class Simd, class Index>
HBP_INLINE void groups_multi(const BlockArgs<typename Simd::T>& b, const SlotGroup& groups,
                             Unpacker<Simd, Index>& unpack) {
    using T = typename Simd::T;
    const int64_t room = unpacked_elements / std::max<int64_t>(groups.n_elements(), 1);
    if (groups.tail_length == nullptr) {
        uint32_t n = 1;
        for (uint32_t i = 0; i < groups.n_groups; i += n) {
            SlotGroup g = groups.group(i);
            if (room == 0) {
                large_group_multi(b, g, unpack);
            } else {
                g.n_groups = n = static_cast<uint32_t>(std::min<int64_t>(room, g.n_groups));
                some_groups_multi(b, g, unpack);
            }
        }
        return;
    }
    int64_t first_tail[max_lanes];  // elements of the group before each tail
    int64_t n_elements = groups.n_elements();
    for (uint32_t i = 0; i < groups.n_slots; ++i) {
        first_tail[i] = n_elements;
        n_elements += groups.tail_length[i];
    }
    if (n_elements > unpacked_elements) {
        return large_group_multi(b, groups, unpack);
    }
    const T* value = unpack.plain_values(groups.first.value, n_elements);
    const Index* column = unpack.plain_columns(groups);
    const PlainRows<T, Index> rows{groups.first.n, value, groups.n_slots, column, groups.n_slots};
    const Tails<T, Index> tail{groups.tail_length, first_tail, value, column};
    const RowsOfY<T> y{b.y, groups.slot_row, 0, b.untouched};
    uint32_t done = 0;
    for_narrow_rows<Simd>(b.n_vectors, [&]<int columns>() {
        done = ragged_group_narrow<Simd, columns>(groups, rows, tail, b.x, y);
    });
    ragged_group_multi<Simd>(groups, done, rows, tail, b);
}

// Y[n_block_rows, k] += A_block * X[block_cols, k], k = b.n_vectors.
template <class Simd, class Index>
HBP_SHARED void block_multi(const BlockArgs<typename Simd::T>& b, Unpacker<Simd, Index>& unpack) {
    for_each_run<Index>(
        b.run, b.n_runs, b.lanes, b.slot_row, b.slot_length,
        [&](const SlotGroup& g) __attribute__((always_inline)) { groups_multi(b, g, unpack); },
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

// The same for values in an encoding. The caller owns Y.
template <class Simd, template <class> class ValuesOf, class Index>
void block_spmm(const BlockArgs<typename Simd::T>& b) {
    const ValuesOf<Simd> values(b);
    Unpacker<Simd, Index> unpack(values, static_cast<const Index*>(b.column));
    block_multi(b, unpack);
}

}  // namespace hbp
