// The product of one block with several vectors at once, row-major, for every instruction set.
//
// Each column of Y gets the bits that block_spmv gives for that column of X.
#pragma once
#include "kernel.h"

namespace hbp {

// `count` elements of one row, `stride` apart in the streams from `first`.
struct RowPiece {
    int64_t first;
    int64_t count;
    int64_t stride;
};

template <class Simd, class Values, class Index>
HBP_INLINE void short_row_multi(const RowPiece (&piece)[2], const Values& value,
                                const Index* column, const typename Simd::T* x,
                                typename Simd::T* y, int64_t n_vectors) {
    using T = typename Simd::T;
    constexpr int tile = 4;
    int64_t j = 0;
    for (; j + tile * Simd::width <= n_vectors; j += tile * Simd::width) {
        typename Simd::Vector acc[tile] = {Simd::zero(), Simd::zero(), Simd::zero(), Simd::zero()};
        for (const RowPiece& p : piece) {
            for (int64_t k = 0; k < p.count; ++k) {
                const int64_t at = p.first + k * p.stride;
                const auto v = Simd::broadcast(value.scalar(at));
                const T* row = x + static_cast<int64_t>(column[at]) * n_vectors + j;
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
            for (int64_t k = 0; k < p.count; ++k) {
                const int64_t at = p.first + k * p.stride;
                const T* row = x + static_cast<int64_t>(column[at]) * n_vectors + j;
                acc = Simd::fma(Simd::broadcast(value.scalar(at)), Simd::load(row), acc);
            }
        }
        Simd::store(y + j, Simd::add(Simd::load(y + j), acc));
    }
    for (; j < n_vectors; ++j) {
        T acc{};
        for (const RowPiece& p : piece) {
            for (int64_t k = 0; k < p.count; ++k) {
                const int64_t at = p.first + k * p.stride;
                acc = fused_multiply_add(value.scalar(at),
                                         x[static_cast<int64_t>(column[at]) * n_vectors + j], acc);
            }
        }
        y[j] = add(y[j], acc);
    }
}

// Tiles of 8 columns keep the 32 partial sums of each in 2 KiB (doubles), within L1.
template <class Simd, class Values, class Index>
HBP_INLINE void long_row_multi(int64_t n, const Values& value, const Index* column,
                               const typename Simd::T* x, typename Simd::T* y,
                               int64_t n_vectors) {
    using T = typename Simd::T;
    constexpr int partials = tuning::long_row_partials;
    constexpr int tile = 8;
    for (int64_t j = 0; j < n_vectors; j += tile) {
        const int columns = n_vectors - j < tile ? static_cast<int>(n_vectors - j) : tile;
        T partial[tile][partials] = {};
        for (int64_t k = 0; k < n; ++k) {
            const T v = value.scalar(k);
            const T* row = x + static_cast<int64_t>(column[k]) * n_vectors + j;
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

// Y[n_block_rows, k] += A_block * X[block_cols, k], k = b.n_vectors. The caller owns Y.
template <class Simd, template <class> class ValuesOf>
void block_spmm(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    ValuesOf<Simd> value(b);
    const uint16_t* column = b.column;
    const uint16_t* rows = b.slot_row;
    const uint32_t* slot_length = b.slot_length;
    const int64_t n_vectors = b.n_vectors;
    const auto y_of = [&](uint32_t slot) -> T* { return b.y + rows[slot] * n_vectors; };
    const auto advance = [&](int64_t n) {
        value.advance(n);
        column += n;
    };
    for (const Run* run = b.run; run != b.run + b.n_runs; ++run) {
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                for (uint32_t g = 0; g < run->n; ++g) {
                    for (uint32_t i = 0; i < b.lanes; ++i) {
                        const RowPiece piece[2] = {{i, run->length, b.lanes}, {0, 0, 1}};
                        short_row_multi<Simd>(piece, value, column, b.x, y_of(i), n_vectors);
                    }
                    advance(static_cast<int64_t>(run->length) * b.lanes);
                    rows += b.lanes;
                }
                break;
            case RunKind::ragged: {
                int64_t tail_at = static_cast<int64_t>(run->length) * run->n;
                for (uint32_t i = 0; i < run->n; ++i) {
                    const RowPiece piece[2] = {{i, run->length, run->n},
                                               {tail_at, slot_length[i], 1}};
                    short_row_multi<Simd>(piece, value, column, b.x, y_of(i), n_vectors);
                    tail_at += slot_length[i];
                }
                advance(tail_at);
                rows += run->n;
                slot_length += run->n;
                break;
            }
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i) {
                    long_row_multi<Simd>(slot_length[i], value, column, b.x, y_of(i), n_vectors);
                    advance(slot_length[i]);
                }
                rows += run->n;
                slot_length += run->n;
                break;
        }
    }
}

}  // namespace hbp
