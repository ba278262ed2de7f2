// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X. A vector of a policy
// holds columns of one row here, not rows.
#pragma once
#include <algorithm>
#include <type_traits>
#include <utility>

#include "kernel.h"
#include "row_pieces.h"
#include "unpacker.h"

namespace hbp {

// Vectors of a policy that a tile of so many rows has at most. Rows go side by side, as the
// additions of one row wait for each other. Eight are for up to a vector of columns: 1.11 times as
// fast as four for two columns, 1.02 for four; with two vectors 0.86 (AVX2 on Zen 3, eight
// matrices, float64).
inline constexpr int most_vectors(int rows) { return rows == 8 ? 1 : rows == 4 ? 2 : 4; }

// Calls of(i) for i = 0 .. n - 1, each a constant: what it indexes stays in registers.
template <int n, class F>
HBP_INLINE void unrolled(F&& of) {
    [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        (of(std::integral_constant<int, i>()), ...);
    }(std::make_integer_sequence<int, n>());
}

// n entries of each of some rows: the k-th of row r has its value at value[k * value_stride + r],
// its column at column[k * column_stride + r].
template <class T, class Index>
struct PlainRows {
    int64_t n;
    const T* value;
    int64_t value_stride;
    const Index* column;
    int64_t column_stride;
    // Those of the rows from the i-th on, with the values so much further on.
    HBP_INLINE PlainRows at(uint32_t i, int64_t values) const {
        return {n, value + i + values, value_stride, column + i, column_stride};
    }
};

// Rows of Y, row-major: the r-th is number[r] + step. What they hold counts as 0 if `untouched`.
template <class T>
struct RowsOfY {
    T* y;
    const uint16_t* number;
    uint32_t step;
    bool untouched;
    HBP_INLINE T* operator()(int r, int64_t n_vectors) const {
        return y + static_cast<int64_t>(number[r] + step) * n_vectors;
    }
};

// What a tile has of a vector of its policy.
enum class Part { whole, half, some };

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
        } else {
            return Simd::load_first(row, rest);
        }
    }
    HBP_INLINE void add_to(T* y, bool untouched, const Vector (&sum)[vectors]) const {
        const T* from = untouched ? zeros : y;
        if constexpr (part != Part::whole) {
            Simd::add_first(y, from, sum[0], part == Part::half ? Simd::width / 2 : rest);
        } else {
            for (int v = 0; v < vectors; ++v) {
                const int i = v * Simd::width;
                Simd::store(y + i, Simd::add(Simd::load(from + i), sum[v]));
            }
        }
    }
};

// Calls of(j, tile) for tiles of all columns, each from column j on.
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
    if constexpr (most > 2) {
        whole(std::integral_constant<int, 2>());
    }
    if constexpr (most > 1) {
        whole(std::integral_constant<int, 1>());
    }
    const int rest = static_cast<int>(n_vectors - j);
    // Policies whose masked loads cost more than others can load half a vector.
    if constexpr (requires(const typename Simd::T* x) { Simd::load_half(x); }) {
        if (2 * rest == Simd::width) {
            return of(j, Tile<Simd, 1, Part::half>{});
        }
    }
    if (rest > 0) {
        of(j, Tile<Simd, 1, Part::some>{rest});
    }
}

// Calls of(i, j, tile) for all tiles of n_sets sets of `rows` rows, the set's first row i. Where a
// row of X is more than a tile, its tiles follow each other, as they lie side by side: 1.06 times
// as fast as tile by tile for 32 vectors of float64 (31 matrices, AVX2 on Zen 3).
template <class Simd, int rows, class F>
HBP_INLINE void for_each_tile_of_sets(uint32_t n_sets, int64_t n_vectors, F&& of) {
    constexpr int most = most_vectors(rows);
    if (rows > 1 || n_vectors <= most * Simd::width) {
        for_each_tile<Simd, most>(n_vectors,
                                  [&](int64_t j, const auto& tile) __attribute__((always_inline)) {
                                      for (uint32_t i = 0; i < n_sets * rows; i += rows) {
                                          of(i, j, tile);
                                      }
                                  });
        return;
    }
    for (uint32_t i = 0; i < n_sets * rows; i += rows) {
        for_each_tile<Simd, most>(n_vectors,
                                  [&](int64_t j, const auto& tile)
                                      __attribute__((always_inline)) { of(i, j, tile); });
    }
}

// sum[r] += the entries of row r times the tile's columns of X, whose first one x points to.
template <int n_rows, class Simd, int vectors, Part part, class Index>
HBP_INLINE void accumulate(const PlainRows<typename Simd::T, Index>& a, const typename Simd::T* x,
                           int64_t n_vectors, const Tile<Simd, vectors, part>& tile,
                           typename Simd::Vector (*sum)[vectors]) {
    const typename Simd::T* value = a.value;
    const Index* column = a.column;
    for (int64_t k = 0; k < a.n; ++k, value += a.value_stride, column += a.column_stride) {
        unrolled<n_rows>([&](auto r) __attribute__((always_inline)) {
            const auto value_r = Simd::broadcast(value[r]);
            const typename Simd::T* row = x + static_cast<int64_t>(column[r]) * n_vectors;
            unrolled<vectors>([&](auto v) __attribute__((always_inline)) {
                sum[r][v] = Simd::fma(value_r, tile.load(row, v), sum[r][v]);
            });
        });
    }
}

template <class Simd, int rows, int vectors>
HBP_INLINE void set_to_zero(typename Simd::Vector (&sum)[rows][vectors]) {
    unrolled<rows>([&](auto r) __attribute__((always_inline)) {
        unrolled<vectors>([&](auto v) __attribute__((always_inline)) { sum[r][v] = Simd::zero(); });
    });
}

// Sets of `rows` rows of a group, one after the other. Each has `height` rows h with the same
// columns: their values are h * value_stride further on, their rows of Y h further on.
struct Sets {
    uint32_t n;
    uint32_t height;
    int64_t value_stride;
};

// y(r)[n_vectors] += row r times X, for the rows of all sets; `first` has those of the first one.
// All in one call: 1.34 times as fast as a call for each set for 32 vectors, 1.06 for two (float32,
// six matrices of short rows, AVX2 on Zen 3).
template <class Simd, int rows, class Index>
HBP_SHARED void equal_rows_multi(const Sets& sets, const PlainRows<typename Simd::T, Index>& first,
                                 const typename Simd::T* x, const RowsOfY<typename Simd::T>& y,
                                 int64_t n_vectors) {
    for_each_tile_of_sets<Simd, rows>(
        sets.n, n_vectors,
        [&]<int vectors, Part part>(uint32_t i, int64_t j, const Tile<Simd, vectors, part>& tile)
            __attribute__((always_inline)) {
                for (uint32_t h = 0; h < sets.height; ++h) {
                    const RowsOfY<typename Simd::T> y_h{y.y, y.number + i, y.step + h, y.untouched};
                    typename Simd::Vector sum[rows][vectors];
                    set_to_zero<Simd>(sum);
                    accumulate<rows>(first.at(i, h * sets.value_stride), x + j, n_vectors, tile,
                                     sum);
                    unrolled<rows>([&](auto r) __attribute__((always_inline)) {
                        tile.add_to(y_h(r, n_vectors) + j, y.untouched, sum[r]);
                    });
                }
            });
}

// What the rows of a group have after their common elements: row i's n[i] are from first[i] on.
template <class T, class Index>
struct Tails {
    const uint32_t* n;
    const int64_t* first;
    const T* value;
    const Index* column;
};

// The same for sets of single rows each of which goes on with a tail of its own.
template <class Simd, int rows, class Index>
HBP_SHARED void ragged_rows_multi(uint32_t n_sets, const PlainRows<typename Simd::T, Index>& common,
                                  const Tails<typename Simd::T, Index>& tail,
                                  const typename Simd::T* x, const RowsOfY<typename Simd::T>& y,
                                  int64_t n_vectors) {
    for_each_tile_of_sets<Simd, rows>(
        n_sets, n_vectors,
        [&]<int vectors, Part part>(uint32_t i, int64_t j, const Tile<Simd, vectors, part>& tile)
            __attribute__((always_inline)) {
                typename Simd::Vector sum[rows][vectors];
                set_to_zero<Simd>(sum);
                accumulate<rows>(common.at(i, 0), x + j, n_vectors, tile, sum);
                const int64_t at = tail.first[i];
                PlainRows<typename Simd::T, Index> of_row{0, tail.value + at, 1, tail.column + at,
                                                          1};
                unrolled<rows>([&](auto r) __attribute__((always_inline)) {
                    of_row.n = tail.n[i + r];
                    accumulate<1>(of_row, x + j, n_vectors, tile, sum + r);
                    of_row.value += of_row.n;
                    of_row.column += of_row.n;
                });
                unrolled<rows>([&](auto r) __attribute__((always_inline)) {
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
    constexpr int64_t piece_length = 16 * tuning::long_row_partials;
    static_assert(piece_length <= unpacked_elements);
    for_each_tile<Simd, most_vectors(1)>(
        n_vectors, [&]<int vectors, Part part>(int64_t j, const Tile<Simd, vectors, part>& tile)
                       __attribute__((always_inline)) {
                           typename Simd::Vector partial[tuning::long_row_partials][vectors];
                           for (auto& p : partial) {
                               for (auto& s : p) {
                                   s = Simd::zero();
                               }
                           }
                           for (int64_t k = 0; k < n; k += piece_length) {
                               long_piece_multi(piece(k, std::min(n - k, piece_length)), x + j,
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

// y += the rows of a group times X.
template <class Simd, class Values, class Index>
HBP_INLINE void group_multi(const BlockArgs<typename Simd::T>& b, const SlotGroup& g,
                            Unpacker<Simd, Values, Index>& unpack) {
    const int64_t n = g.first.n;
    const int64_t stride = int64_t{g.height} * g.n_slots;
    const auto rows_of_y = [&](uint32_t i, uint32_t h) {
        return RowsOfY<typename Simd::T>{b.y, g.slot_row + i, h, b.untouched};
    };
    const bool ragged = g.tail_length != nullptr;
    int64_t first_tail[max_lanes];  // elements of the group before each tail
    int64_t n_elements = n * stride;
    for (uint32_t i = 0; ragged && i < g.n_slots; ++i) {
        first_tail[i] = n_elements;
        n_elements += g.tail_length[i];
    }
    if (n_elements > unpacked_elements) {
        // Only where long rows are not multiplied along the row.
        for (uint32_t i = 0; i < g.n_slots; ++i) {
            RowPiece tail{0, 0, 1, 0, 1, 0};
            if (ragged) {
                tail.n = g.tail_length[i];
                tail.value = g.first.value + first_tail[i];
                tail.column = g.first.column + first_tail[i];
            }
            for (uint32_t h = 0; h < g.height; ++h) {
                any_row_multi(unpack.values(), unpack.columns(), g.of(i, h), tail, b.x,
                              rows_of_y(i, h), b.n_vectors);
            }
        }
        return;
    }
    const auto* value = unpack.plain_values(g.first.value, n_elements);
    const Index* column = unpack.plain_columns(g);
    const PlainRows<typename Simd::T, Index> common{n, value, stride, column, g.n_slots};
    uint32_t i = 0;
    const auto all = [&](auto rows) __attribute__((always_inline)) {
        const uint32_t n_sets = (g.n_slots - i) / rows;
        if (n_sets == 0) {
            return;
        }
        if (!ragged) {
            equal_rows_multi<Simd, rows>({n_sets, g.height, g.n_slots}, common.at(i, 0), b.x,
                                         rows_of_y(i, 0), b.n_vectors);
        } else {
            ragged_rows_multi<Simd, rows>(n_sets, common.at(i, 0),
                                          {g.tail_length + i, first_tail + i, value, column}, b.x,
                                          rows_of_y(i, 0), b.n_vectors);
        }
        i += n_sets * rows;
    };
    if constexpr (!slow_fma<Simd>) {
        if (b.n_vectors <= Simd::width) {
            all(std::integral_constant<int, 8>());
        }
        if (b.n_vectors < 4 * Simd::width) {
            all(std::integral_constant<int, 4>());
        }
    }
    all(std::integral_constant<int, 1>());
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
            long_row_multi<Simd, Index>(
                p.n, [&](int64_t k, int64_t n) { return unpack.piece(p, k, n); }, b.x,
                {b.y, &row, 0, b.untouched}, b.n_vectors);
        });
}

}  // namespace hbp
