// Products of a range of CSR rows, for matrices that do not repay a conversion.
//
// Order of the additions as in kernel.h with one column block: the same bits as HBP with one.
#pragma once
#include "kernel_multi.h"

namespace hbp {

// Bytes to what is prefetched.
inline constexpr ptrdiff_t index_ahead = 1024, values_ahead = 2048;

template <class Simd>
struct CsrValues {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const T* at;
    HBP_INLINE Vector vector(int offset) const { return Simd::load(at + offset); }
    HBP_INLINE Vector first(int offset, int n) const { return Simd::load_first(at + offset, n); }
    HBP_INLINE T scalar(int64_t offset) const { return at[offset]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    template <int height>
    HBP_INLINE void prefetch(int) const {}
};

// Prefetches what follows pass k of rows side by side, the first of which begins at entry `first`.
// Float64: 1.04 times as fast as without for one vector (ccx_gears_C3D8 1.73, maros-r7 0.92, 31
// matrices), 1.14 for two, 1.08 for four (nine); of floats, with several, 0.9 (AVX2 on Zen 3).
template <int rows, class I, class T>
HBP_INLINE void prefetch_after(const CsrArgs<I, T>& a, int64_t first, int64_t k) {
    if constexpr (rows > 1 && sizeof(T) >= 8) {
        const int64_t at = first + rows * k;
        __builtin_prefetch(reinterpret_cast<const char*>(a.data + at) + values_ahead);
        __builtin_prefetch(reinterpret_cast<const char*>(a.indices + at) + index_ahead);
    }
}

// sum[r] of `rows` consecutive short rows. One row's additions wait for each other (4 cycles a
// fused multiply-add); those of several rows side by side do not.
template <int rows, class I, class T>
HBP_INLINE void short_rows(const I* indptr, const CsrArgs<I, T>& a, T (&sum)[rows]) {
    int64_t at[rows];
    int64_t common = indptr[1] - indptr[0];
    for (int r = 0; r < rows; ++r) {
        sum[r] = T{};
        at[r] = indptr[r];
        const int64_t n = indptr[r + 1] - indptr[r];
        common = n < common ? n : common;
    }
    for (int64_t k = 0; k < common; ++k) {
        prefetch_after<rows>(a, indptr[0], k);
        for (int r = 0; r < rows; ++r) {
            sum[r] = fused_multiply_add(a.data[at[r] + k], a.x[a.indices[at[r] + k]], sum[r]);
        }
    }
    for (int r = 0; r < rows; ++r) {
        for (int64_t k = at[r] + common; k < indptr[r + 1]; ++k) {
            sum[r] = fused_multiply_add(a.data[k], a.x[a.indices[k]], sum[r]);
        }
    }
}

// y[n_rows] = A[n_rows, :] * x. The caller owns these rows of y.
template <class Simd, class I>
HBP_INLINE void csr_vector_product(const CsrArgs<I, typename Simd::T>& a) {
    using T = typename Simd::T;
    constexpr int side_by_side = 4;
    const auto length = [&](int64_t i) -> int64_t { return a.indptr[i + 1] - a.indptr[i]; };
    for (int64_t i = 0; i < a.n_rows;) {
        if (length(i) >= tuning::long_row) {
            const CsrValues<Simd> value{a.data + a.indptr[i]};
            T total[1];
            along_rows<Simd>(length(i), NoWindows(), value,
                             ColumnStream<I>{a.indices + a.indptr[i], index_ahead}, a.x, total);
            a.y[i++] = add(T{}, total[0]);
        } else if (i + side_by_side <= a.n_rows && length(i + 1) < tuning::long_row &&
                   length(i + 2) < tuning::long_row && length(i + 3) < tuning::long_row) {
            T sum[side_by_side];
            short_rows(a.indptr + i, a, sum);
            for (int r = 0; r < side_by_side; ++r) {
                a.y[i + r] = add(T{}, sum[r]);
            }
            i += side_by_side;
        } else {
            T sum[1];
            short_rows(a.indptr + i, a, sum);
            a.y[i] = add(T{}, sum[0]);
            ++i;
        }
    }
}

// sum[r] of `rows` consecutive short rows for the tile's columns of X, whose first one x points to.
template <int rows, class Simd, int vectors, Part part, class I>
HBP_INLINE void short_rows_multi(const I* indptr, const CsrArgs<I, typename Simd::T>& a,
                                 const typename Simd::T* x, const Tile<Simd, vectors, part>& tile,
                                 typename Simd::Vector (&sum)[rows][vectors]) {
    using T = typename Simd::T;
    const auto entries = [&](int r, int64_t k, int64_t n) __attribute__((always_inline)) {
        const int64_t first = indptr[r] + k;
        accumulate<1>(PlainRows<T, I>{n, a.data + first, 1, a.indices + first, 1}, x, a.n_vectors,
                      tile, sum + r);
    };
    set_to_zero<Simd>(sum);
    int64_t common = rows == 1 ? 0 : indptr[1] - indptr[0];
    for (int r = 1; r < rows; ++r) {
        common = std::min<int64_t>(common, indptr[r + 1] - indptr[r]);
    }
    for (int64_t k = 0; k < common; ++k) {
        prefetch_after<rows>(a, indptr[0], k);
        unrolled<rows>([&](auto r) __attribute__((always_inline)) { entries(r, k, 1); });
    }
    unrolled<rows>([&](auto r) __attribute__((always_inline)) {
        entries(r, common, indptr[r + 1] - indptr[r] - common);
    });
}

// Vectors that a tile has at most. Eight against four, for 32 and for 64 columns: 1.16 and 1.17
// times as fast for float64, 0.99 and 1.07 for float32, 1.22 and 1.30 for complex128, 1.09 and 1.15
// for complex64 (eight or ten matrices, AVX2 on Zen 3).
inline constexpr int csr_tile_vectors = 8;

// Y[n, k] = A[n, :] * X for n short rows from the i-th on. Tile by tile where a row of X is one
// tile, else some rows at a time, as the tiles of a row of X lie side by side.
template <class Simd, class I>
HBP_SHARED void short_rows_times_tiles(const CsrArgs<I, typename Simd::T>& a, int64_t i,
                                       int64_t n) {
    const int64_t at_once = is_one_tile<Simd, csr_tile_vectors>(a.n_vectors) ? n : 4;
    for (const int64_t end = i + n; i < end; i += at_once) {
        const int64_t stop = std::min(end, i + at_once);
        for_each_tile<Simd, csr_tile_vectors>(
            a.n_vectors,
            [&]<int vectors, Part part>(int64_t j, const Tile<Simd, vectors, part>& tile)
                __attribute__((always_inline)) {
                    int64_t row = i;
                    const auto some = [&]<int rows>() __attribute__((always_inline)) {
                        for (; row + rows <= stop; row += rows) {
                            typename Simd::Vector sum[rows][vectors];
                            short_rows_multi<rows>(a.indptr + row, a, a.x + j, tile, sum);
                            unrolled<rows>([&](auto r) __attribute__((always_inline)) {
                                tile.add_to(a.y + (row + r) * a.n_vectors + j, true, sum[r]);
                            });
                        }
                    };
                    // One row at a time: 0.82 for two floats, 0.87 for four (six matrices).
                    if constexpr (vectors == 1 && !slow_fma<Simd>) {
                        some.template operator()<4>();
                    }
                    some.template operator()<1>();
                });
    }
}

// Y[n_rows, k] = A[n_rows, :] * X, k = a.n_vectors. The caller owns these rows of Y.
template <class Simd, class I>
void csr_product(const CsrArgs<I, typename Simd::T>& a) {
    using T = typename Simd::T;
    if (a.n_vectors == 1) {
        csr_vector_product<Simd>(a);
        return;
    }
    const uint16_t first_row = 0;
    const auto length = [&](int64_t i) -> int64_t { return a.indptr[i + 1] - a.indptr[i]; };
    for (int64_t i = 0; i < a.n_rows; ++i) {
        const int64_t first_short = i;
        while (i < a.n_rows && length(i) < tuning::long_row) {
            ++i;
        }
        short_rows_times_tiles<Simd>(a, first_short, i - first_short);
        if (i < a.n_rows) {
            const int64_t first = a.indptr[i];
            const RowsOfY<T> y{a.y + i * a.n_vectors, &first_row, 0, true};
            long_row_multi<Simd, I>(
                length(i),
                [&](int64_t k, int64_t n) {
                    return PlainElements<T, I>{n, a.data + first + k, a.indices + first + k};
                },
                a.x, y, a.n_vectors);
        }
    }
}

}  // namespace hbp
