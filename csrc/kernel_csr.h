// The product of a range of CSR rows, for matrices that do not repay a conversion.
//
// Order of the additions as in kernel.h with one column block: the same bits as HBP with one.
#pragma once
#include "kernel_multi.h"

namespace hbp {

template <class Simd>
struct CsrValues {
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const T* at;
    HBP_INLINE Vector vector(int offset) const { return Simd::load(at + offset); }
    HBP_INLINE Vector first(int offset, int n) const { return Simd::load_first(at + offset, n); }
    HBP_INLINE T scalar(int64_t offset) const { return at[offset]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    HBP_INLINE void prefetch(int) const {}
};

// Y[n_rows, k] = A[n_rows, :] * X, k = a.n_vectors. The caller owns these rows of Y.
template <class Simd, class I>
void csr_product(const CsrArgs<I, typename Simd::T>& a) {
    using T = typename Simd::T;
    for (int64_t i = 0; i < a.n_rows; ++i) {
        const int64_t first = a.indptr[i];
        const int64_t n = a.indptr[i + 1] - first;
        const CsrValues<Simd> value{a.data + first};
        const I* column = a.indices + first;
        T* y = a.y + i * a.n_vectors;
        if (a.n_vectors == 1) {
            T sum{};
            if (n >= tuning::long_row) {
                along_rows<Simd, 1>(n, value, column, a.x, &sum);
            } else {
                for (int64_t k = 0; k < n; ++k) {
                    sum = fused_multiply_add(value.at[k], a.x[column[k]], sum);
                }
            }
            y[0] = add(T{}, sum);
        } else {
            for (int64_t j = 0; j < a.n_vectors; ++j) {
                y[j] = T{};
            }
            if (n >= tuning::long_row) {
                long_row_multi<Simd>({n, 0, 1, 0, 1, 0}, value, column, a.x, y, a.n_vectors);
            } else {
                const RowPiece piece[2] = {{n, 0, 1, 0, 1, 0}, {0, 0, 0, 0, 0, 0}};
                short_row_multi<Simd>(piece, value, column, a.x, y, a.n_vectors);
            }
        }
    }
}

}  // namespace hbp
