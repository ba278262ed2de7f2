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

inline constexpr size_t value_prefetch_bytes = 4096;
inline constexpr size_t column_prefetch_bytes = 1024;

// The value stream of an Encoding::raw block.
template <class Simd>
struct RawValues {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const T* at;
    RawValues() = default;
    HBP_INLINE explicit RawValues(const BlockArgs<T>& b) : at(b.value) {}
    HBP_INLINE Vector vector(int offset) const { return Simd::load(at + offset); }
    // The first n values of a vector, then zeros.
    HBP_INLINE Vector first(int offset, int n) const { return Simd::load_first(at + offset, n); }
    HBP_INLINE T scalar(int64_t offset) const { return at[offset]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    HBP_INLINE void prefetch(int offset) const {
        __builtin_prefetch(reinterpret_cast<const char*>(at + offset) + value_prefetch_bytes);
    }
};

// The one value of an Encoding::constant block.
template <class Simd>
struct ConstantValue {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    T constant;
    Vector all;
    ConstantValue() = default;
    HBP_INLINE explicit ConstantValue(const BlockArgs<T>& b)
        : constant(b.constant), all(Simd::broadcast(b.constant)) {}
    HBP_INLINE Vector vector(int) const { return all; }
    HBP_INLINE Vector first(int, int n) const {
        alignas(64) T some[Simd::width] = {};
        for (int i = 0; i < n; ++i) {
            some[i] = constant;
        }
        return Simd::load(some);
    }
    HBP_INLINE T scalar(int64_t) const { return constant; }
    HBP_INLINE void advance(int64_t) {}
    HBP_INLINE void prefetch(int) const {}
};

// The value stream of an Encoding::few block: bytes that choose from a table.
template <class Simd>
struct FewValues {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const uint8_t* at;
    const T* table;
    typename Simd::Table table_vector;
    FewValues() = default;
    HBP_INLINE explicit FewValues(const BlockArgs<T>& b)
        : at(reinterpret_cast<const uint8_t*>(b.value)),
          table(b.table),
          table_vector(Simd::load_table(b.table)) {}
    HBP_INLINE Vector vector(int offset) const { return Simd::look_up(table_vector, at + offset); }
    HBP_INLINE Vector first(int offset, int n) const {
        alignas(64) T some[Simd::width] = {};
        for (int i = 0; i < n; ++i) {
            some[i] = table[at[offset + i]];
        }
        return Simd::load(some);
    }
    HBP_INLINE T scalar(int64_t offset) const { return table[at[offset]]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    HBP_INLINE void prefetch(int) const {}
};

// y[rows[lane]] += sum[lane] for all lanes of a group.
template <class Simd, int vectors>
HBP_INLINE void add_scattered(typename Simd::T* y, const uint16_t* rows,
                              const typename Simd::Vector (&sum)[vectors]) {
    using T = typename Simd::T;
    constexpr int lanes = vectors * Simd::width;
    alignas(64) T lane_sum[lanes];
    for (int v = 0; v < vectors; ++v) {
        Simd::store(lane_sum + v * Simd::width, sum[v]);
    }
    for (int i = 0; i < lanes; ++i) {
        y[rows[i]] = add(y[rows[i]], lane_sum[i]);
    }
}

// The same where rows are ascending and distinct, so that consecutive ones show at their ends.
template <class Simd, int vectors>
HBP_INLINE void add_group(typename Simd::T* y, const uint16_t* rows,
                          const typename Simd::Vector (&sum)[vectors]) {
    constexpr int lanes = vectors * Simd::width;
    if (rows[lanes - 1] - rows[0] == lanes - 1) {
        typename Simd::T* to = y + rows[0];
        for (int v = 0; v < vectors; ++v) {
            Simd::store(to + v * Simd::width, Simd::add(Simd::load(to + v * Simd::width), sum[v]));
        }
    } else {
        add_scattered<Simd, vectors>(y, rows, sum);
    }
}

// The columns of a full run: every slot has its own.
template <class Simd, int vectors>
struct OwnColumns {
    template <class Index>
    static HBP_INLINE typename Simd::Vector x_of(const typename Simd::T* x, const Index* column,
                                                 int v) {
        return Simd::gather(x, column + v * Simd::width);
    }
    static constexpr int per_pass = vectors * Simd::width;
};

// The columns of a shifted run: slot i has the first one's plus i.
template <class Simd, int vectors>
struct ShiftedColumns {
    template <class Index>
    static HBP_INLINE typename Simd::Vector x_of(const typename Simd::T* x, const Index* column,
                                                 int v) {
        return Simd::load(x + *column + v * Simd::width);
    }
    static constexpr int per_pass = 1;
};

// Groups of one height and length. fixed_length 0: the length is known at run time only.
template <class Simd, int vectors, int height, uint32_t fixed_length,
          template <class, int> class Columns, class Values, class Index>
HBP_INLINE void full_run(const Run& run, Values& value, const Index*& column, const uint16_t*& rows,
                         const typename Simd::T* x, typename Simd::T* y) {
    constexpr int lanes = vectors * Simd::width;
    using ColumnsOf = Columns<Simd, vectors>;
    const uint32_t length = fixed_length ? fixed_length : run.length;
    for (uint32_t g = 0; g < run.n; ++g) {
        typename Simd::Vector sum[height][vectors];
        for (auto& row_sum : sum) {
            for (auto& s : row_sum) {
                s = Simd::zero();
            }
        }
        const auto pass = [&]() __attribute__((always_inline)) {
            for (int v = 0; v < vectors; ++v) {
                const auto x_v = ColumnsOf::x_of(x, column, v);
                for (int h = 0; h < height; ++h) {
                    value.prefetch(h * lanes + v * Simd::width);
                    sum[h][v] =
                        Simd::fma(value.vector(h * lanes + v * Simd::width), x_v, sum[h][v]);
                }
            }
            value.advance(height * lanes);
            column += ColumnsOf::per_pass;
        };
        // Four passes read 64 bytes of columns: one prefetch for all.
        uint32_t k = 0;
        for (; k + 4 <= length; k += 4) {
            __builtin_prefetch(reinterpret_cast<const char*>(column) + column_prefetch_bytes);
            pass();
            pass();
            pass();
            pass();
        }
        if (length % 4 != 0) {
            __builtin_prefetch(reinterpret_cast<const char*>(column) + column_prefetch_bytes);
        }
        for (; k < length; ++k) {
            pass();
        }
        if constexpr (height == 1) {
            add_group<Simd, vectors>(y, rows, sum[0]);
        } else {
            for (int h = 0; h < height; ++h) {
                add_scattered<Simd, vectors>(y + h, rows, sum[h]);
            }
        }
        rows += lanes;
    }
}

// Short rows get a loop of their own per length, for the lanes that real types have by default:
// their groups are too short to hide the loop (+35 % on matrices of 4 to 8 entries a row).
template <class Simd, int vectors, template <class, int> class Columns, class Values, class Index>
HBP_INLINE void single_runs(const Run& run, Values& value, const Index*& column,
                            const uint16_t*& rows, const typename Simd::T* x, typename Simd::T* y) {
    using T = typename Simd::T;
    if constexpr (!ScalarTraits<T>::is_complex && vectors * Simd::width * sizeof(T) == 64) {
        switch (run.length) {
#define HBP_LENGTH(n) \
    case n:           \
        return full_run<Simd, vectors, 1, n, Columns>(run, value, column, rows, x, y);
            HBP_LENGTH(1)
            HBP_LENGTH(2)
            HBP_LENGTH(3)
            HBP_LENGTH(4)
            HBP_LENGTH(5)
            HBP_LENGTH(6)
            HBP_LENGTH(7)
            HBP_LENGTH(8)
#undef HBP_LENGTH
        }
    }
    full_run<Simd, vectors, 1, 0, Columns>(run, value, column, rows, x, y);
}

template <class Simd, int vectors, class Values, class Index>
HBP_INLINE void full_runs(const Run& run, Values& value, const Index*& column,
                          const uint16_t*& rows, const typename Simd::T* x, typename Simd::T* y) {
    switch (run.height) {
        case 1:
            return single_runs<Simd, vectors, OwnColumns>(run, value, column, rows, x, y);
        case 2:
            return full_run<Simd, vectors, 2, 0, OwnColumns>(run, value, column, rows, x, y);
        case 3:
            return full_run<Simd, vectors, 3, 0, OwnColumns>(run, value, column, rows, x, y);
        default:
            return full_run<Simd, vectors, 4, 0, OwnColumns>(run, value, column, rows, x, y);
    }
}

// One group of n <= lanes rows with `common` elements each, then their tails row by row.
template <class Simd, int vectors, class Values, class Index>
HBP_SHARED void ragged_group(uint32_t n, uint32_t common, const uint32_t* tail, Values& value,
                             const Index*& column, const uint16_t*& rows, const typename Simd::T* x,
                             typename Simd::T* y) {
    using T = typename Simd::T;
    constexpr uint32_t lanes = vectors * Simd::width;
    alignas(64) T sum[lanes] = {};
    if (n == lanes) {
        typename Simd::Vector acc[vectors];
        for (int v = 0; v < vectors; ++v) {
            acc[v] = Simd::zero();
        }
        for (uint32_t k = 0; k < common; ++k) {
            __builtin_prefetch(reinterpret_cast<const char*>(column) + column_prefetch_bytes);
            for (int v = 0; v < vectors; ++v) {
                value.prefetch(v * Simd::width);
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
HBP_INLINE T reduce_partials(T* partial, int n = tuning::long_row_partials) {
    for (int half = n / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) {
            partial[i] = add(partial[i], partial[i + half]);
        }
    }
    return partial[0];
}

// y[h] += the products of `height` long rows of n elements with the same columns, each
// vectorised along the row. `value` holds them row after row.
template <class Simd, int height, class Values, class Index>
HBP_INLINE void along_rows(int64_t n, const Values& value, const Index* column,
                           const typename Simd::T* x, typename Simd::T* y) {
    constexpr int width = Simd::width;
    constexpr int vectors = tuning::long_row_partials / width;
    typename Simd::Vector acc[height][vectors];
    Values at[height];
    for (int h = 0; h < height; ++h) {
        at[h] = value;
        at[h].advance(h * n);
        for (auto& a : acc[h]) {
            a = Simd::zero();
        }
    }
    int64_t k = 0;
    for (; k + tuning::long_row_partials <= n; k += tuning::long_row_partials) {
        __builtin_prefetch(reinterpret_cast<const char*>(column + k) + column_prefetch_bytes);
        for (int v = 0; v < vectors; ++v) {
            const auto x_v = Simd::gather(x, column + k + v * width);
            for (int h = 0; h < height; ++h) {
                at[h].prefetch(v * width);
                acc[h][v] = Simd::fma(at[h].vector(v * width), x_v, acc[h][v]);
            }
        }
        for (int h = 0; h < height; ++h) {
            at[h].advance(tuning::long_row_partials);
        }
    }
    for (int v = 0; v < vectors; ++v, k += width) {
        if (k + width <= n) {
            const auto x_v = Simd::gather(x, column + k);
            for (int h = 0; h < height; ++h) {
                acc[h][v] = Simd::fma(at[h].vector(v * width), x_v, acc[h][v]);
            }
        } else {
            // Lanes past the end multiply 0 by 0: a partial sum is never -0, so nothing changes.
            const int rest = static_cast<int>(n - k);
            if (rest > 0) {
                const auto x_v = Simd::gather_first(x, column + k, rest);
                for (int h = 0; h < height; ++h) {
                    acc[h][v] = Simd::fma(at[h].first(v * width, rest), x_v, acc[h][v]);
                }
            }
            break;
        }
    }
    for (int h = 0; h < height; ++h) {
        for (int half = vectors / 2; half > 0; half /= 2) {
            for (int v = 0; v < half; ++v) {
                acc[h][v] = Simd::add(acc[h][v], acc[h][v + half]);
            }
        }
        y[h] = add(y[h], Simd::reduce(acc[h][0]));
    }
}

template <class Simd, int height, class Values, class Index>
HBP_INLINE void along_run(const Run& run, const uint32_t* slot_length, Values& value,
                          const Index*& column, const uint16_t*& rows, const typename Simd::T* x,
                          typename Simd::T* y) {
    for (uint32_t i = 0; i < run.n; ++i) {
        const int64_t n = slot_length[i];
        along_rows<Simd, height>(n, value, column, x, y + rows[i]);
        value.advance(n * height);
        column += n;
    }
    rows += run.n;
}

template <class Simd, class Values, class Index>
HBP_SHARED void along_runs(const Run& run, const uint32_t* slot_length, Values& value,
                           const Index*& column, const uint16_t*& rows, const typename Simd::T* x,
                           typename Simd::T* y) {
    switch (run.height) {
        case 1:
            return along_run<Simd, 1>(run, slot_length, value, column, rows, x, y);
        case 2:
            return along_run<Simd, 2>(run, slot_length, value, column, rows, x, y);
        case 3:
            return along_run<Simd, 3>(run, slot_length, value, column, rows, x, y);
        default:
            return along_run<Simd, 4>(run, slot_length, value, column, rows, x, y);
    }
}

// y[n_block_rows] += A_block[n_block_rows, block_cols] * x[block_cols]. The caller owns y.
// Index: uint16_t, or uint32_t in wide blocks.
template <class Simd, int vectors, template <class> class ValuesOf, class Index>
void block_spmv(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    ValuesOf<Simd> value(b);
    const Index* column = static_cast<const Index*>(b.column);
    const uint16_t* rows = b.slot_row;
    const uint32_t* slot_length = b.slot_length;
    const T* x = b.x;
    T* y = b.y;
    for (const Run* run = b.run; run != b.run + b.n_runs; ++run) {
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                full_runs<Simd, vectors>(*run, value, column, rows, x, y);
                break;
            case RunKind::shifted:
                single_runs<Simd, vectors, ShiftedColumns>(*run, value, column, rows, x, y);
                break;
            case RunKind::ragged:
                ragged_group<Simd, vectors>(run->n, run->length, slot_length, value, column, rows,
                                            x, y);
                slot_length += run->n;
                break;
            case RunKind::along:
                along_runs<Simd>(*run, slot_length, value, column, rows, x, y);
                slot_length += run->n;
                break;
        }
    }
}

}  // namespace hbp
