// The product of one block, written once for every instruction set.
//
// Simd is a policy that lives in the namespace of its instruction set (isa/), so that every
// function instantiated here carries that namespace in its name.
//
// Order of the additions, the same for all: a row's elements in stored order into one accumulator
// by fused multiply-add; a long row's element k into partial sum k mod 32, then halves added:
// 16, 8, 4, 2, 1. The row's sum is then added to y.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hbp_matrix.h"
#include "kernel_along.h"
#include "kernel_row_sums.h"
#include "kernel_streams.h"
#include "kernel_table.h"
#include "scalar.h"
#include "tuning.h"
#include "windows.h"

namespace hbp {

// The columns of a full run: every slot has its own.
template <class Simd, int vectors>
struct OwnColumns {
    template <class Index>
    static HBP_INLINE typename Simd::Vector x_of(const typename Simd::T* x, const Index* column,
                                                 int v) {
        return Simd::gather(x, column + v * Simd::width);
    }
    template <class Index>
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
    template <class Index>
    static constexpr int per_pass = 1;
};

// Whether windows pay: picking from them is faster than gathering.
template <class Simd>
inline constexpr bool fast_windows = requires { requires Simd::fast_windows; };

// The columns of a windowed run: see windows.h.
template <class Simd, int vectors>
struct WindowedColumns {
    template <class Index>
    static HBP_INLINE typename Simd::Vector x_of(const typename Simd::T* x, const Index* pass,
                                                 int v) {
        return Simd::template pick<n_windows>(x, pass,
                                              window_codes<n_windows>(pass) + v * Simd::width);
    }
    template <class Index>
    static constexpr int per_pass = window_places<Index>(vectors * Simd::width);
};

// sum[h][slot] += the first `length` elements of row h of a group's slots, pass by pass.
template <class Simd, int vectors, int height, template <class, int> class Columns, class Values,
          class Index>
HBP_INLINE void passes(uint32_t length, Values& value, ColumnStream<Index>& column,
                       const typename Simd::T* x, typename Simd::Vector (&sum)[height][vectors]) {
    constexpr int lanes = vectors * Simd::width;
    using ColumnsOf = Columns<Simd, vectors>;
    const auto pass = [&]() __attribute__((always_inline)) {
        for (int v = 0; v < vectors; ++v) {
            const auto x_v = ColumnsOf::x_of(x, column.at, v);
            for (int h = 0; h < height; ++h) {
                value.template prefetch<height>(h * lanes + v * Simd::width);
                sum[h][v] = Simd::fma(value.vector(h * lanes + v * Simd::width), x_v, sum[h][v]);
            }
        }
        value.advance(height * lanes);
        column.at += ColumnsOf::template per_pass<Index>;
    };
    // Four passes read 64 bytes of columns: one prefetch for all.
    uint32_t k = 0;
    for (; k + 4 <= length; k += 4) {
        column.prefetch();
        pass();
        pass();
        pass();
        pass();
    }
    if (length % 4 != 0) {
        column.prefetch();
    }
    for (; k < length; ++k) {
        pass();
    }
}

// Groups of one height and length. fixed_length 0: the length is known at run time only.
template <class Simd, int vectors, int height, uint32_t fixed_length,
          template <class, int> class Columns, class Values, class Index>
HBP_INLINE void full_run(const Run& run, Values& value, ColumnStream<Index>& column,
                         const typename Simd::T* x, RowSums<Simd>& y) {
    const uint32_t length = fixed_length ? fixed_length : run.length;
    for (uint32_t g = 0; g < run.n; ++g) {
        typename Simd::Vector sum[height][vectors];
        for (auto& row_sum : sum) {
            for (auto& s : row_sum) {
                s = Simd::zero();
            }
        }
        passes<Simd, vectors, height, Columns>(length, value, column, x, sum);
        if constexpr (height == 1) {
            y.add_group(sum[0]);
        } else {
            for (int h = 0; h < height; ++h) {
                y.add_scattered(sum[h], h);
            }
        }
        y.row += vectors * Simd::width;
    }
}

// Whether multiplication itself is so slow that no arrangement of it shows.
template <class Simd>
inline constexpr bool slow_fma = requires { requires Simd::slow_fma; };

// Whether loops for one length each pay for the time to compile them. They do not where decoding or
// multiplying is slow, nor for sanitizers, which see the same in the loop for any length.
template <class Simd, class Values>
inline constexpr bool a_loop_per_length =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    false;
#else
    !slow_fma<Simd> && (!Values::is_decimal || requires { requires Simd::fast_decimals; });
#endif

// Short rows get a loop of their own per length, for the lanes that real types have by default:
// their groups are too short to hide the loop (+35 % on matrices of 4 to 8 entries a row). Wide
// blocks are for scattered columns, so their shifted groups are left out, and so are windows where
// none are built.
template <class Simd, int vectors, template <class, int> class Columns, class Values, class Index>
HBP_INLINE void single_runs(const Run& run, Values& value, ColumnStream<Index>& column,
                            const typename Simd::T* x, RowSums<Simd>& y) {
    using T = typename Simd::T;
    constexpr bool is_shifted = std::is_same_v<Columns<Simd, 1>, ShiftedColumns<Simd, 1>>;
    constexpr bool is_windowed = std::is_same_v<Columns<Simd, 1>, WindowedColumns<Simd, 1>>;
    if constexpr (a_loop_per_length<Simd, Values> && !ScalarTraits<T>::is_complex &&
                  vectors * Simd::width * sizeof(T) == 64 && !(is_shifted && sizeof(Index) == 4) &&
                  (!is_windowed || fast_windows<Simd>)) {
        switch (run.length) {
#define HBP_LENGTH(n) \
    case n:           \
        return full_run<Simd, vectors, 1, n, Columns>(run, value, column, x, y);
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
    full_run<Simd, vectors, 1, 0, Columns>(run, value, column, x, y);
}

template <class Simd, int vectors, class Values, class Index>
HBP_INLINE void full_runs(const Run& run, Values& value, ColumnStream<Index>& column,
                          const typename Simd::T* x, RowSums<Simd>& y) {
    switch (run.height) {
        case 1:
            return single_runs<Simd, vectors, OwnColumns>(run, value, column, x, y);
        case 2:
            return full_run<Simd, vectors, 2, 0, OwnColumns>(run, value, column, x, y);
        case 3:
            return full_run<Simd, vectors, 3, 0, OwnColumns>(run, value, column, x, y);
        default:
            return full_run<Simd, vectors, 4, 0, OwnColumns>(run, value, column, x, y);
    }
}

// One group of n <= lanes rows with `common` elements each, then their tails row by row.
template <class Simd, int vectors, class Values, class Index>
HBP_SHARED void ragged_group(uint32_t n, uint32_t common, const uint32_t* tail, Values& value,
                             ColumnStream<Index>& column, const typename Simd::T* x,
                             RowSums<Simd>& y) {
    using T = typename Simd::T;
    constexpr uint32_t lanes = vectors * Simd::width;
    alignas(64) T sum[lanes] = {};
    if (n == lanes) {
        typename Simd::Vector acc[1][vectors];
        for (auto& a : acc[0]) {
            a = Simd::zero();
        }
        passes<Simd, vectors, 1, OwnColumns>(common, value, column, x, acc);
        for (int v = 0; v < vectors; ++v) {
            Simd::store(sum + v * Simd::width, acc[0][v]);
        }
    } else {
        for (uint32_t k = 0; k < common; ++k) {
            for (uint32_t i = 0; i < n; ++i) {
                sum[i] = fused_multiply_add(value.scalar(i), x[column.at[i]], sum[i]);
            }
            value.advance(n);
            column.at += n;
        }
    }
    for (uint32_t i = 0; i < n; ++i) {
        T s = sum[i];
        for (uint32_t k = 0; k < tail[i]; ++k) {
            s = fused_multiply_add(value.scalar(k), x[column.at[k]], s);
        }
        value.advance(tail[i]);
        column.at += tail[i];
        y.add(i, 0, s);
    }
    y.row += n;
}

// y[n_block_rows] += A_block[n_block_rows, block_cols] * x[block_cols]. The caller owns y.
template <class Simd, int vectors, template <class> class ValuesOf, class Index>
void block_spmv(const BlockArgs<typename Simd::T>& b) {
    using T = typename Simd::T;
    ValuesOf<Simd> value(b);
    ColumnStream<Index> column{static_cast<const Index*>(b.column), b.column_ahead};
    RowSums<Simd> y{b.slot_row, b.y};
    const uint32_t* slot_length = b.slot_length;
    const T* x = b.x;
    for (const Run* run = b.run; run != b.run + b.n_runs; ++run) {
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                full_runs<Simd, vectors>(*run, value, column, x, y);
                break;
            case RunKind::shifted:
                single_runs<Simd, vectors, ShiftedColumns>(*run, value, column, x, y);
                break;
            case RunKind::windowed:
                if constexpr (may_have_windows<T>(vectors * Simd::width)) {
                    single_runs<Simd, vectors, WindowedColumns>(*run, value, column, x, y);
                }
                break;
            case RunKind::ragged:
                ragged_group<Simd, vectors>(run->n, run->length, slot_length, value, column, x, y);
                slot_length += run->n;
                break;
            case RunKind::along:
                along_runs<Simd>(*run, slot_length, value, column, x, y);
                slot_length += run->n;
                break;
            case RunKind::along_windowed:
                if constexpr (may_have_windows<T>(vectors * Simd::width)) {
                    slot_length = along_windowed_run<Simd>(*run, slot_length, value, column, x, y);
                }
                break;
        }
    }
}

}  // namespace hbp
