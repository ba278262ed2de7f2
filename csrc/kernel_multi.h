// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X.
#pragma once
#include "kernel.h"
#include "row_pieces.h"

namespace hbp {

// The row of X that the k-th element of a piece without windows multiplies.
template <class T, class Index>
HBP_INLINE const T* row_of(const T* x, const Index* column, const RowPiece& p, int64_t k,
                           int64_t n_vectors) {
    const int64_t j = static_cast<int64_t>(column[p.column + k * p.column_stride]) + p.column_add;
    return x + j * n_vectors;
}

template <class Simd, class Values, class Index>
HBP_INLINE void short_row_multi(const RowPiece (&piece)[2], const Values& value,
                                const Index* column, const typename Simd::T* x, typename Simd::T* y,
                                int64_t n_vectors) {
    using T = typename Simd::T;
    constexpr int tile = 4;
    int64_t j = 0;
    for (; j + tile * Simd::width <= n_vectors; j += tile * Simd::width) {
        typename Simd::Vector acc[tile] = {Simd::zero(), Simd::zero(), Simd::zero(), Simd::zero()};
        for (const RowPiece& p : piece) {
            for (int64_t k = 0; k < p.n; ++k) {
                const auto v = Simd::broadcast(value.scalar(p.value + k * p.value_stride));
                const T* row = row_of(x, column, p, k, n_vectors) + j;
                for (int t = 0; t < tile; ++t) {
                    acc[t] = Simd::fma(v, Simd::load(row + t * Simd::width), acc[t]);
                }
            }
        }
        for (int t = 0; t < tile; ++t) {
            T* to = y + j + t * Simd::width;
            Simd::store(to, Simd::add(Simd::load(to), acc[t]));
        }
    }
    for (; j + Simd::width <= n_vectors; j += Simd::width) {
        typename Simd::Vector acc = Simd::zero();
        for (const RowPiece& p : piece) {
            for (int64_t k = 0; k < p.n; ++k) {
                const auto v = Simd::broadcast(value.scalar(p.value + k * p.value_stride));
                acc = Simd::fma(v, Simd::load(row_of(x, column, p, k, n_vectors) + j), acc);
            }
        }
        Simd::store(y + j, Simd::add(Simd::load(y + j), acc));
    }
    for (; j < n_vectors; ++j) {
        T acc{};
        for (const RowPiece& p : piece) {
            for (int64_t k = 0; k < p.n; ++k) {
                acc = fused_multiply_add(value.scalar(p.value + k * p.value_stride),
                                         row_of(x, column, p, k, n_vectors)[j], acc);
            }
        }
        y[j] = add(y[j], acc);
    }
}

// Tiles of 8 columns keep the 32 partial sums of each in 2 KiB (doubles), within L1.
template <class Simd, class Values, class Index>
HBP_INLINE void long_row_multi(const RowPiece& p, const Values& value, const Index* column,
                               const typename Simd::T* x, typename Simd::T* y, int64_t n_vectors) {
    using T = typename Simd::T;
    constexpr int partials = tuning::long_row_partials;
    constexpr int tile = 8;
    for (int64_t j = 0; j < n_vectors; j += tile) {
        const int columns = n_vectors - j < tile ? static_cast<int>(n_vectors - j) : tile;
        T partial[tile][partials] = {};
        for (int64_t k = 0; k < p.n; ++k) {
            const T v = value.scalar(p.value + k * p.value_stride);
            const T* row = row_of(x, column, p, k, n_vectors) + j;
            for (int c = 0; c < columns; ++c) {
                T& to = partial[c][k % partials];
                to = fused_multiply_add(v, row[c], to);
            }
        }
        for (int c = 0; c < columns; ++c) {
            y[j + c] = add(y[j + c], reduce_partials(partial[c]));
        }
    }
}

// A short row with windows: its columns are unpacked first.
template <class Simd, class Values, class Index>
HBP_SHARED void windowed_row_multi(const RowPiece& p, const Values& value, const Index* column,
                                   const typename Simd::T* x, typename Simd::T* y,
                                   int64_t n_vectors) {
    Index unpacked[tuning::long_row];
    for (int64_t k = 0; k < p.n; ++k) {
        unpacked[k] = static_cast<Index>(column_of<typename Simd::T>(column, p, k));
    }
    const RowPiece piece[2] = {{p.n, p.value, p.value_stride, 0, 1, 0}, {0, 0, 0, 0, 0, 0}};
    short_row_multi<Simd>(piece, value, unpacked, x, y, n_vectors);
}

// A long row that may have windows: its columns are unpacked chunk by chunk.
template <class Simd, class Values, class Index>
HBP_SHARED void windowed_long_row_multi(const RowPiece& p, const Values& value, const Index* column,
                                        const typename Simd::T* x, typename Simd::T* y,
                                        int64_t n_vectors) {
    using T = typename Simd::T;
    constexpr int partials = tuning::long_row_partials;
    constexpr int tile = 8;
    const WindowChunks windows(p.chunks);
    for (int64_t j = 0; j < n_vectors; j += tile) {
        const int columns = n_vectors - j < tile ? static_cast<int>(n_vectors - j) : tile;
        T partial[tile][partials] = {};
        for (int64_t k = 0; k < p.n; k += partials) {
            const Index* at = column + p.column + k;
            Index unpacked[partials];
            if (windows.has(k / partials)) {
                WindowChunks::unpack<T>(at, unpacked);
                at = unpacked;
            }
            const int n = p.n - k < partials ? static_cast<int>(p.n - k) : partials;
            for (int i = 0; i < n; ++i) {
                const T v = value.scalar(p.value + k + i);
                const T* row = x + static_cast<int64_t>(at[i]) * n_vectors + j;
                for (int c = 0; c < columns; ++c) {
                    partial[c][i] = fused_multiply_add(v, row[c], partial[c][i]);
                }
            }
        }
        for (int c = 0; c < columns; ++c) {
            y[j + c] = add(y[j + c], reduce_partials(partial[c]));
        }
    }
}

// Y[n_block_rows, k] += A_block * X[block_cols, k], k = b.n_vectors. The caller owns Y.
template <class Simd, template <class> class ValuesOf, class Index>
void block_spmm(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    const ValuesOf<Simd> value(b);
    const Index* column = static_cast<const Index*>(b.column);
    for_each_row<Index>(
        b.run, b.n_runs, b.lanes, b.slot_row, b.slot_length,
        [&](uint32_t row, const RowPiece& common, const RowPiece& tail, bool is_long) {
            T* y = b.y + row * b.n_vectors;
            if (is_long) {
                long_row_multi<Simd>(common, value, column, b.x, y, b.n_vectors);
            } else {
                const RowPiece piece[2] = {common, tail};
                short_row_multi<Simd>(piece, value, column, b.x, y, b.n_vectors);
            }
        },
        [&](uint32_t row, const RowPiece& piece, bool is_long) {
            if constexpr (may_have_windows<T>(default_lanes(sizeof(T)))) {
                T* y = b.y + row * b.n_vectors;
                if (is_long) {
                    windowed_long_row_multi<Simd>(piece, value, column, b.x, y, b.n_vectors);
                } else {
                    windowed_row_multi<Simd>(piece, value, column, b.x, y, b.n_vectors);
                }
            }
        });
}

}  // namespace hbp
