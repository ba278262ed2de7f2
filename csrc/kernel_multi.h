// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X. A vector of a policy
// holds columns of one row here, not rows.
#pragma once
#include <algorithm>
#include <type_traits>

#include "kernel.h"
#include "row_pieces.h"

namespace hbp {

// Most short rows whose additions go on side by side: those of one row wait for each other.
inline constexpr int most_rows = 4;

// n entries of each of some rows: the k-th of row r has its value at value[k * value_stride + r],
// its column at column[k * column_stride + r].
template <class T, class Index>
struct PlainRows {
    int64_t n;
    const T* value;
    int64_t value_stride;
    const Index* column;
    int64_t column_stride;
};

// Columns of X and of Y: `vectors` whole vectors, or the first `rest` lanes of one.
template <class Simd, int vectors, bool is_rest>
struct Tile {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    int rest;
    HBP_INLINE Vector load(const T* row, int v) const {
        return is_rest ? Simd::load_first(row, rest) : Simd::load(row + v * Simd::width);
    }
    HBP_INLINE void add_to(T* y, const Vector (&sum)[vectors]) const {
        if constexpr (is_rest) {
            alignas(64) T lane[Simd::width];
            Simd::store(lane, sum[0]);
            for (int i = 0; i < rest; ++i) {
                y[i] = add(y[i], lane[i]);
            }
        } else {
            for (int v = 0; v < vectors; ++v) {
                T* to = y + v * Simd::width;
                Simd::store(to, Simd::add(Simd::load(to), sum[v]));
            }
        }
    }
};

// Calls of(j, tile) for tiles of all columns, each from column j on.
template <class Simd, int most_vectors, class F>
HBP_INLINE void for_each_tile(int64_t n_vectors, F&& of) {
    int64_t j = 0;
    const auto whole = [&]<int vectors>(std::integral_constant<int, vectors>)
                           __attribute__((always_inline)) {
                               constexpr int columns = vectors * Simd::width;
                               for (; j + columns <= n_vectors; j += columns) {
                                   of(j, Tile<Simd, vectors, false>{});
                               }
                           };
    whole(std::integral_constant<int, most_vectors>());
    if constexpr (most_vectors > 2) {
        whole(std::integral_constant<int, 2>());
    }
    whole(std::integral_constant<int, 1>());
    if (j < n_vectors) {
        of(j, Tile<Simd, 1, true>{static_cast<int>(n_vectors - j)});
    }
}

// sum[r] += the entries of row r times the tile's columns of X, whose first one x points to.
template <int n_rows, class Simd, int vectors, bool is_rest, class Index>
HBP_INLINE void accumulate(const PlainRows<typename Simd::T, Index>& a, const typename Simd::T* x,
                           int64_t n_vectors, const Tile<Simd, vectors, is_rest>& tile,
                           typename Simd::Vector (&sum)[n_rows][vectors]) {
    const typename Simd::T* value = a.value;
    const Index* column = a.column;
    for (int64_t k = 0; k < a.n; ++k, value += a.value_stride, column += a.column_stride) {
        for (int r = 0; r < n_rows; ++r) {
            const auto value_r = Simd::broadcast(value[r]);
            const typename Simd::T* row = x + static_cast<int64_t>(column[r]) * n_vectors;
            for (int v = 0; v < vectors; ++v) {
                sum[r][v] = Simd::fma(value_r, tile.load(row, v), sum[r][v]);
            }
        }
    }
}

// y[r][n_vectors] += row r times X.
template <class Simd, int rows, class Index>
HBP_SHARED void equal_rows_multi(const PlainRows<typename Simd::T, Index>& a,
                                 const typename Simd::T* x, typename Simd::T* const (&y)[rows],
                                 int64_t n_vectors) {
    for_each_tile<Simd, rows == most_rows ? 2 : 4>(
        n_vectors,
        [&]<int vectors, bool is_rest>(int64_t j, const Tile<Simd, vectors, is_rest>& tile)
            __attribute__((always_inline)) {
                typename Simd::Vector sum[rows][vectors];
                for (auto& row_sum : sum) {
                    for (auto& s : row_sum) {
                        s = Simd::zero();
                    }
                }
                accumulate(a, x + j, n_vectors, tile, sum);
                for (int r = 0; r < rows; ++r) {
                    tile.add_to(y[r] + j, sum[r]);
                }
            });
}

// y[n_vectors] += a row in two pieces times X.
template <class Simd, class Index>
HBP_SHARED void row_multi(const PlainRows<typename Simd::T, Index>& common,
                          const PlainRows<typename Simd::T, Index>& tail, const typename Simd::T* x,
                          typename Simd::T* y, int64_t n_vectors) {
    for_each_tile<Simd, 4>(n_vectors, [&]<int vectors, bool is_rest>(
                                          int64_t j, const Tile<Simd, vectors, is_rest>& tile)
                                          __attribute__((always_inline)) {
                                              typename Simd::Vector sum[1][vectors];
                                              for (auto& s : sum[0]) {
                                                  s = Simd::zero();
                                              }
                                              accumulate(common, x + j, n_vectors, tile, sum);
                                              accumulate(tail, x + j, n_vectors, tile, sum);
                                              tile.add_to(y + j, sum[0]);
                                          });
}

// partial[k] += entry k times the tile's columns of X, for a chunk of a long row, whose columns
// follow each other.
template <class Simd, int vectors, bool is_rest, class Index>
HBP_SHARED void long_chunk_multi(const PlainRows<typename Simd::T, Index>& a,
                                 const typename Simd::T* x, int64_t n_vectors,
                                 const Tile<Simd, vectors, is_rest>& tile,
                                 typename Simd::Vector (*partial)[vectors]) {
    for (int64_t k = 0; k < a.n; ++k) {
        const auto value = Simd::broadcast(a.value[k * a.value_stride]);
        const typename Simd::T* row = x + static_cast<int64_t>(a.column[k]) * n_vectors;
        for (int v = 0; v < vectors; ++v) {
            partial[k][v] = Simd::fma(value, tile.load(row, v), partial[k][v]);
        }
    }
}

// y[n_vectors] += a long row of n entries times X. chunk(k, count) has the `count` ones from k on.
template <class Simd, class Index, class Chunk>
HBP_INLINE void long_row_multi(int64_t n, Chunk&& chunk, const typename Simd::T* x,
                               typename Simd::T* y, int64_t n_vectors) {
    constexpr int partials = tuning::long_row_partials;
    for_each_tile<Simd, 4>(
        n_vectors,
        [&]<int vectors, bool is_rest>(int64_t j, const Tile<Simd, vectors, is_rest>& tile)
            __attribute__((always_inline)) {
                typename Simd::Vector partial[partials][vectors];
                for (auto& p : partial) {
                    for (auto& s : p) {
                        s = Simd::zero();
                    }
                }
                for (int64_t k = 0; k < n; k += partials) {
                    const PlainRows<typename Simd::T, Index> a =
                        chunk(k, std::min<int64_t>(n - k, partials));
                    long_chunk_multi(a, x + j, n_vectors, tile, partial);
                }
                for (int half = partials / 2; half > 0; half /= 2) {
                    for (int i = 0; i < half; ++i) {
                        for (int v = 0; v < vectors; ++v) {
                            partial[i][v] = Simd::add(partial[i][v], partial[i + half][v]);
                        }
                    }
                }
                tile.add_to(y + j, partial[0]);
            });
}

// Elements of a block as plain entries: where they lie if they are that, else unpacked.
template <class Simd, class Values, class Index>
class Unpacker {
  public:
    using T = typename Simd::T;
    using Plain = PlainRows<T, Index>;

    HBP_INLINE Unpacker(const Values& values, const Index* columns)
        : values_(values), columns_(columns) {}

    // The columns of slots i to i + rows - 1 of a group, without their tails.
    template <int rows>
    HBP_INLINE Plain columns(const SlotGroup& g, uint32_t i) {
        const RowPiece p = g.of(i, 0);
        if (g.has_own_columns) {
            return {p.n, nullptr, 0, columns_ + p.column, p.column_stride};
        }
        for (int r = 0; r < rows; ++r) {
            const RowPiece of_row = g.of(i + static_cast<uint32_t>(r), 0);
            for (int64_t k = 0; k < p.n; ++k) {
                column_[k * rows + r] = static_cast<Index>(column_of<T>(columns_, of_row, k));
            }
        }
        return {p.n, nullptr, 0, column_, rows};
    }

    // Adds the values of row h of these slots.
    template <int rows>
    HBP_INLINE void add_values(Plain& plain, const SlotGroup& g, uint32_t i, uint32_t h) {
        const RowPiece p = g.of(i, h);
        unpacked_ = value_;
        set_values<rows>(plain, p.value, p.value_stride);
    }

    // n elements that lie one after the other: the tail of the slot whose values were added
    // last.
    HBP_INLINE Plain tail(int64_t n, int64_t value, int64_t column) {
        Plain plain{n, nullptr, 0, columns_ + column, 1};
        set_values<1>(plain, value, 1);
        return plain;
    }

    // A chunk of a long row, which begins at element k and has n of them.
    HBP_INLINE Plain chunk(const RowPiece& p, int64_t k, int64_t n) {
        Plain plain{n, nullptr, 0, columns_ + p.column + k, 1};
        if constexpr (may_have_windows<T>(default_lanes(sizeof(T)))) {
            if (p.chunks != nullptr && WindowChunks(p.chunks).has(k / WindowChunks::chunk)) {
                WindowChunks::unpack<T>(plain.column, chunk_column_);
                plain.column = chunk_column_;
            }
        }
        unpacked_ = value_;
        set_values<1>(plain, p.value + k, 1);
        return plain;
    }

  private:
    // The values of rows that have them side by side, from element `first` of the stream on.
    template <int rows>
    HBP_INLINE void set_values(Plain& plain, int64_t first, int64_t stride) {
        if constexpr (std::is_same_v<Values, RawValues<Simd>>) {
            plain.value = values_.at + first;
            plain.value_stride = stride;
        } else if constexpr (std::is_same_v<Values, ConstantValue<Simd>>) {
            std::fill_n(value_, most_rows, values_.constant);
            plain.value = value_;
        } else {
            plain.value = unpacked_;
            plain.value_stride = rows;
            for (int64_t k = 0; k < plain.n; ++k, first += stride) {
                for (int r = 0; r < rows; ++r) {
                    *unpacked_++ = values_.scalar(first + r);
                }
            }
        }
    }

    const Values& values_;
    const Index* columns_;
    T* unpacked_;  // the end of what value_ holds
    T value_[tuning::long_row * most_rows];
    Index column_[tuning::long_row * most_rows];
    Index chunk_column_[WindowChunks::chunk];
};

// Y[n_block_rows, k] += A_block * X[block_cols, k], k = b.n_vectors. The caller owns Y.
template <class Simd, template <class> class ValuesOf, class Index>
void block_spmm(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    using Values = ValuesOf<Simd>;
    const Values values(b);
    Unpacker<Simd, Values, Index> unpack(values, static_cast<const Index*>(b.column));
    for_each_group<Index>(
        b.run, b.n_runs, b.lanes, b.slot_row, b.slot_length,
        [&](const SlotGroup& g) {
            const auto equal_rows =
                [&]<int rows>(std::integral_constant<int, rows>) __attribute__((always_inline)) {
                    for (uint32_t i = 0; i < g.n_slots; i += rows) {
                        auto plain = unpack.template columns<rows>(g, i);
                        for (uint32_t h = 0; h < g.height; ++h) {
                            unpack.template add_values<rows>(plain, g, i, h);
                            T* y[rows];
                            for (uint32_t r = 0; r < rows; ++r) {
                                y[r] = b.y + (g.slot_row[i + r] + h) * b.n_vectors;
                            }
                            equal_rows_multi<Simd, rows, Index>(plain, b.x, y, b.n_vectors);
                        }
                    }
                };
            if (g.tail_length == nullptr) {
                // Of many vectors one row has enough additions side by side.
                return b.n_vectors < 4 * Simd::width
                           ? equal_rows(std::integral_constant<int, most_rows>())
                           : equal_rows(std::integral_constant<int, 1>());
            }
            int64_t tail = 0;
            for (uint32_t i = 0; i < g.n_slots; ++i) {
                const int64_t n = g.tail_length[i];
                auto common = unpack.template columns<1>(g, i);
                unpack.template add_values<1>(common, g, i, 0);
                row_multi<Simd, Index>(common,
                                       unpack.tail(n, g.tail_value + tail, g.tail_column + tail),
                                       b.x, b.y + g.slot_row[i] * b.n_vectors, b.n_vectors);
                tail += n;
            }
        },
        [&](uint32_t row, const RowPiece& p) {
            long_row_multi<Simd, Index>(
                p.n, [&](int64_t k, int64_t n) { return unpack.chunk(p, k, n); }, b.x,
                b.y + row * b.n_vectors, b.n_vectors);
        });
}

}  // namespace hbp
