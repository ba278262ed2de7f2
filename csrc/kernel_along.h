// The products of long rows, vectorised along the row: see kernel.h for the order of the additions.
#pragma once
#include <cstdint>
#include <type_traits>

#include "hbp_view.h"
#include "kernel_row_sums.h"
#include "kernel_streams.h"
#include "scalar.h"
#include "tuning.h"
#include "windows.h"

namespace hbp {

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

// Chunks of a long row none of which has windows.
struct NoWindows {};

// total[h] of `height` long rows of n elements with the same columns, each vectorised along the
// row. `value` holds them row after row. Windows: NoWindows or WindowChunks.
template <class Simd, int height, class Windows, class Values, class Index>
HBP_INLINE void along_rows(int64_t n, const Windows& windows, const Values& value,
                           ColumnStream<Index> column, const typename Simd::T* x,
                           typename Simd::T (&total)[height]) {
    using T = typename Simd::T;
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
        column.prefetch();
        const auto chunk = [&](auto x_of) __attribute__((always_inline)) {
            for (int v = 0; v < vectors; ++v) {
                const auto x_v = x_of(v);
                for (int h = 0; h < height; ++h) {
                    at[h].template prefetch<height>(v * width);
                    acc[h][v] = Simd::fma(at[h].vector(v * width), x_v, acc[h][v]);
                }
            }
        };
        const auto gathered = [&](int v) __attribute__((always_inline)) {
            return Simd::gather(x, column.at + v * width);
        };
        if constexpr (std::is_same_v<Windows, NoWindows>) {
            chunk(gathered);
        } else if (windows.has(k / WindowChunks::chunk)) {
            chunk([&](int v) __attribute__((always_inline)) {
                constexpr int pass_width = window_width<T>;
                const Index* pass = column.at + v * width / pass_width * pass_width;
                const uint8_t* code =
                    window_codes<n_along_windows<T>>(pass) + v * width % pass_width;
                return Simd::template pick<n_along_windows<T>>(x, pass, code);
            });
        } else {
            chunk(gathered);
        }
        for (int h = 0; h < height; ++h) {
            at[h].advance(tuning::long_row_partials);
        }
        column.at += tuning::long_row_partials;
    }
    // The rest goes by way of memory: with a loop of unknown length over the accumulators, each
    // chunk stored them. Float64 with AVX2: 1.03 times as fast over 7 matrices of long rows.
    alignas(64) T partial[height][tuning::long_row_partials];
    for (int h = 0; h < height; ++h) {
        for (int v = 0; v < vectors; ++v) {
            Simd::store(partial[h] + v * width, acc[h][v]);
        }
    }
    int at_partial = 0;
    for (; k + width <= n; k += width, column.at += width, at_partial += width) {
        const auto x_v = Simd::gather(x, column.at);
        for (int h = 0; h < height; ++h) {
            T* to = partial[h] + at_partial;
            Simd::store(to, Simd::fma(at[h].vector(at_partial), x_v, Simd::load(to)));
        }
    }
    if (k < n) {
        // Lanes past the end multiply 0 by 0: a partial sum is never -0, so nothing changes.
        const int rest = static_cast<int>(n - k);
        const auto x_v = Simd::gather_first(x, column.at, rest);
        for (int h = 0; h < height; ++h) {
            T* to = partial[h] + at_partial;
            Simd::store(to, Simd::fma(at[h].first(at_partial, rest), x_v, Simd::load(to)));
        }
    }
    for (int h = 0; h < height; ++h) {
        for (int v = 0; v < vectors; ++v) {
            acc[h][v] = Simd::load(partial[h] + v * width);
        }
        for (int half = vectors / 2; half > 0; half /= 2) {
            for (int v = 0; v < half; ++v) {
                acc[h][v] = Simd::add(acc[h][v], acc[h][v + half]);
            }
        }
        total[h] = Simd::reduce(acc[h][0]);
    }
}

// `height` rows of a slot at a time, which divides the slots' own.
template <class Simd, int height, class Values, class Index>
HBP_INLINE void along_run(const Run& run, const uint32_t* slot_length, Values& value,
                          ColumnStream<Index>& column, const typename Simd::T* x,
                          RowSums<Simd>& y) {
    for (uint32_t i = 0; i < run.n; ++i) {
        const int64_t n = slot_length[i];
        for (uint32_t first = 0; first < run.height; first += height) {
            typename Simd::T total[height];
            along_rows<Simd, height>(n, NoWindows(), value, column, x, total);
            for (uint32_t h = 0; h < height; ++h) {
                y.add(i, first + h, total[h]);
            }
            value.advance(n * height);
        }
        column.at += n;
    }
    y.row += run.n;
}

// Returns the end of the slots' lengths and bits.
template <class Simd, class Values, class Index>
HBP_SHARED const uint32_t* along_windowed_run(const Run& run, const uint32_t* slot_length,
                                              Values& value, ColumnStream<Index>& column,
                                              const typename Simd::T* x, RowSums<Simd>& y) {
    for (uint32_t i = 0; i < run.n; ++i) {
        const int64_t n = *slot_length++;
        typename Simd::T total[1];
        along_rows<Simd, 1>(n, WindowChunks(slot_length), value, column, x, total);
        slot_length += WindowChunks::words(n);
        y.add(i, 0, total[0]);
        value.advance(n);
        column.at += n;
    }
    y.row += run.n;
    return slot_length;
}

// Wide blocks are for scattered columns, so that long rows with equal ones are rare there. These
// are multiplied row by row: kernels for more at once made the object of AVX2 5 % larger.
template <class Simd, class Values, class Index>
HBP_SHARED void along_runs(const Run& run, const uint32_t* slot_length, Values& value,
                           ColumnStream<Index>& column, const typename Simd::T* x,
                           RowSums<Simd>& y) {
    if constexpr (sizeof(Index) == 2) {
        switch (run.height) {
            case 2:
                return along_run<Simd, 2>(run, slot_length, value, column, x, y);
            case 3:
                return along_run<Simd, 3>(run, slot_length, value, column, x, y);
            case 4:
                return along_run<Simd, 4>(run, slot_length, value, column, x, y);
        }
    }
    along_run<Simd, 1>(run, slot_length, value, column, x, y);
}

}  // namespace hbp
