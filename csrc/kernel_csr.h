// The product of a range of CSR rows, for matrices that do not repay a conversion.
//
// Order of the additions as in kernel.h with one column block: the same bits as HBP with one.
#pragma once
#include "kernel_multi.h"

namespace hbp {

inline constexpr ptrdiff_t index_ahead = 1024;  // bytes to what is prefetched

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

// Y[n_rows, k] = A[n_rows, :] * X, k = a.n_vectors. The caller owns these rows of Y.
template <class Simd, class I>
void csr_product(const CsrArgs<I, typename Simd::T>& a) {
    using T = typename Simd::T;
    if (a.n_vectors == 1) {
        csr_vector_product<Simd>(a);
        return;
    }
    const uint16_t first_row = 0;
    for (int64_t i = 0; i < a.n_rows; ++i) {
        const int64_t first = a.indptr[i];
        const PlainRows<T, I> row{a.indptr[i + 1] - first, a.data + first, 1, a.indices + first, 1};
        const RowsOfY<T> y{a.y + i * a.n_vectors, &first_row, 0, true};
        if (row.n >= tuning::long_row) {
            long_row_multi<Simd, I>(
                row.n,
                [&](int64_t k, int64_t n) {
                    return PlainElements<T, I>{n, row.value + k, row.column + k};
                },
                a.x, y, a.n_vectors);
        } else {
            equal_slots_multi<Simd, 1, 1, I>({row, 1, 1, 0}, a.x, y, a.n_vectors);
        }
    }
}

}  // namespace hbp
