// The product of one block, written once for every instruction set.
//
// Simd is a policy that lives in the namespace of its instruction set (isa/*.cpp), so that every
// function instantiated here carries that namespace in its name.
//
// Order of the additions, the same for all: a row's elements in stored order into one accumulator
// by fused multiply-add; a long row's element k into partial sum k mod 32, then halves added:
// 16, 8, 4, 2, 1. The row's sum is then added to y.
#pragma once
#include <cstddef>
#include <cstdint>

#include "hbp_view.h"
#include "kernel_table.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {

inline constexpr size_t value_prefetch_bytes = 1536;
inline constexpr size_t column_prefetch_bytes = 768;

// The value stream of an Encoding::raw block.
template <class Simd>
struct RawValues {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const T* at;
    HBP_INLINE explicit RawValues(const BlockArgs<T>& b) : at(b.value) {}
    HBP_INLINE Vector vector(int offset) const { return Simd::load(at + offset); }
    HBP_INLINE T scalar(int64_t offset) const { return at[offset]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    HBP_INLINE void prefetch() const {
        __builtin_prefetch(reinterpret_cast<const char*>(at) + value_prefetch_bytes);
    }
};

// The one value of an Encoding::constant block.
template <class Simd>
struct ConstantValue {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    T constant;
    Vector all;
    HBP_INLINE explicit ConstantValue(const BlockArgs<T>& b)
        : constant(b.constant), all(Simd::broadcast(b.constant)) {}
    HBP_INLINE Vector vector(int) const { return all; }
    HBP_INLINE T scalar(int64_t) const { return constant; }
    HBP_INLINE void advance(int64_t) {}
    HBP_INLINE void prefetch() const {}
};

// y[rows[lane]] += sum[lane] for all lanes of a group; rows are ascending and distinct.
template <class Simd, int vectors>
HBP_INLINE void add_group(typename Simd::T* y, const uint16_t* rows,
                          const typename Simd::Vector (&sum)[vectors]) {
    using T = typename Simd::T;
    constexpr int lanes = vectors * Simd::width;
    if (rows[lanes - 1] - rows[0] == lanes - 1) {
        T* to = y + rows[0];
        for (int v = 0; v < vectors; ++v) {
            Simd::store(to + v * Simd::width,
                        Simd::add(Simd::load(to + v * Simd::width), sum[v]));
        }
    } else {
        alignas(64) T lane_sum[lanes];
        for (int v = 0; v < vectors; ++v) {
            Simd::store(lane_sum + v * Simd::width, sum[v]);
        }
        for (int i = 0; i < lanes; ++i) {
            y[rows[i]] = add(y[rows[i]], lane_sum[i]);
        }
    }
}

// Full groups of one length. fixed_length 0: the length is known at run time only.
template <class Simd, int vectors, uint32_t fixed_length, class Values>
HBP_INLINE void full_run(uint32_t n_groups, uint32_t run_length, Values& value,
                         const uint16_t*& column, const uint16_t*& rows,
                         const typename Simd::T* x, typename Simd::T* y) {
    constexpr int lanes = vectors * Simd::width;
    const uint32_t length = fixed_length ? fixed_length : run_length;
    for (uint32_t g = 0; g < n_groups; ++g) {
        typename Simd::Vector sum[vectors];
        for (int v = 0; v < vectors; ++v) {
            sum[v] = Simd::zero();
        }
        for (uint32_t k = 0; k < length; ++k) {
            value.prefetch();
            __builtin_prefetch(reinterpret_cast<const char*>(column) + column_prefetch_bytes);
            for (int v = 0; v < vectors; ++v) {
                sum[v] = Simd::fma(value.vector(v * Simd::width),
                                   Simd::gather(x, column + v * Simd::width), sum[v]);
            }
            value.advance(lanes);
            column += lanes;
        }
        add_group<Simd, vectors>(y, rows, sum);
        rows += lanes;
    }
}

template <class Simd, int vectors, class Values>
HBP_INLINE void full_runs(uint32_t n_groups, uint32_t length, Values& value,
                          const uint16_t*& column, const uint16_t*& rows,
                          const typename Simd::T* x, typename Simd::T* y) {
    switch (length) {
#define HBP_LENGTH(n)                                                                   \
    case n:                                                                             \
        return full_run<Simd, vectors, n>(n_groups, length, value, column, rows, x, y);
        HBP_LENGTH(1)
        HBP_LENGTH(2)
        HBP_LENGTH(3)
        HBP_LENGTH(4)
        HBP_LENGTH(5)
        HBP_LENGTH(6)
        HBP_LENGTH(7)
        HBP_LENGTH(8)
#undef HBP_LENGTH
        default:
            return full_run<Simd, vectors, 0>(n_groups, length, value, column, rows, x, y);
    }
}

// One group of n <= lanes rows with `common` elements each, then their tails row by row.
template <class Simd, int vectors, class Values>
HBP_INLINE void ragged_group(uint32_t n, uint32_t common, const uint32_t* tail, Values& value,
                             const uint16_t*& column, const uint16_t*& rows,
                             const typename Simd::T* x, typename Simd::T* y) {
    using T = typename Simd::T;
    constexpr uint32_t lanes = vectors * Simd::width;
    alignas(64) T sum[lanes] = {};
    if (n == lanes) {
        typename Simd::Vector acc[vectors];
        for (int v = 0; v < vectors; ++v) {
            acc[v] = Simd::zero();
        }
        for (uint32_t k = 0; k < common; ++k) {
            for (int v = 0; v < vectors; ++v) {
                acc[v] = Simd::fma(value.vector(v * Simd::width),
                                   Simd::gather(x, column + v * Simd::width), acc[v]);
            }
            value.advance(lanes);
            column += lanes;
        }
        for (int v = 0; v < vectors; ++v) {
            Simd::store(sum + v * Simd::width, acc[v]);
        }
    } else {
        for (uint32_t k = 0; k < common; ++k) {
            for (uint32_t i = 0; i < n; ++i) {
                sum[i] = fused_multiply_add(value.scalar(i), x[column[i]], sum[i]);
            }
            value.advance(n);
            column += n;
        }
    }
    for (uint32_t i = 0; i < n; ++i) {
        T s = sum[i];
        for (uint32_t k = 0; k < tail[i]; ++k) {
            s = fused_multiply_add(value.scalar(k), x[column[k]], s);
        }
        value.advance(tail[i]);
        column += tail[i];
        y[rows[i]] = add(y[rows[i]], s);
    }
    rows += n;
}

// The sum of the partial sums of a long row: halves added until one is left.
template <class T>
HBP_INLINE T reduce_partials(T* partial) {
    for (int half = tuning::long_row_partials / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) {
            partial[i] = add(partial[i], partial[i + half]);
        }
    }
    return partial[0];
}

// The product of one long row of n elements, vectorised along the row.
template <class Simd, class Values, class Index>
HBP_INLINE typename Simd::T along_row(int64_t n, const Values& value, const Index* column,
                                      const typename Simd::T* x) {
    using T = typename Simd::T;
    constexpr int partials = tuning::long_row_partials;
    constexpr int vectors = partials / Simd::width;
    typename Simd::Vector acc[vectors];
    for (int v = 0; v < vectors; ++v) {
        acc[v] = Simd::zero();
    }
    int64_t k = 0;
    Values at = value;
    for (; k + partials <= n; k += partials) {
        for (int v = 0; v < vectors; ++v) {
            at.prefetch();
            acc[v] = Simd::fma(at.vector(0), Simd::gather(x, column + k + v * Simd::width), acc[v]);
            at.advance(Simd::width);
        }
        __builtin_prefetch(reinterpret_cast<const char*>(column + k) + column_prefetch_bytes);
    }
    int v_rest = 0;
    alignas(64) T partial[partials];
    for (int v = 0; v < vectors; ++v) {
        if (k + Simd::width <= n && v == v_rest) {
            acc[v] = Simd::fma(at.vector(0), Simd::gather(x, column + k), acc[v]);
            at.advance(Simd::width);
            k += Simd::width;
            ++v_rest;
        }
        Simd::store(partial + v * Simd::width, acc[v]);
    }
    T* rest = partial + v_rest * Simd::width;
    for (int64_t i = 0; k + i < n; ++i) {
        rest[i] = fused_multiply_add(at.scalar(i), x[column[k + i]], rest[i]);
    }
    return reduce_partials(partial);
}

// y[n_block_rows] += A_block[n_block_rows, block_cols] * x[block_cols]. The caller owns y.
template <class Simd, int vectors, template <class> class ValuesOf>
void block_spmv(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    ValuesOf<Simd> value(b);
    const uint16_t* column = b.column;
    const uint16_t* rows = b.slot_row;
    const uint32_t* slot_length = b.slot_length;
    const T* x = b.x;
    T* y = b.y;
    for (const Run* run = b.run; run != b.run + b.n_runs; ++run) {
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                full_runs<Simd, vectors>(run->n, run->length, value, column, rows, x, y);
                break;
            case RunKind::ragged:
                ragged_group<Simd, vectors>(run->n, run->length, slot_length, value, column, rows,
                                            x, y);
                slot_length += run->n;
                break;
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i) {
                    const uint32_t n = slot_length[i];
                    y[rows[i]] = add(y[rows[i]], along_row<Simd>(n, value, column, x));
                    value.advance(n);
                    column += n;
                }
                slot_length += run->n;
                rows += run->n;
                break;
        }
    }
}

}  // namespace hbp
