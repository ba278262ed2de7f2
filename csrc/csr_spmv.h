// Products of a CSR matrix on threads, for matrices that do not repay a conversion.
#pragma once
#include "csr_view.h"

namespace hbp {

// Y[n_rows, k] = alpha * A * X[n_cols, k] + beta * Y, row-major, k = n_vectors >= 1. Trusts the
// arrays of `csr`. Same bits as `multiply` of an HBP matrix with one column block.
template <class I, class T>
void csr_multiply(const CsrView<I, T>& csr, const T* X, T* Y, int64_t n_vectors, T alpha, T beta,
                  int n_threads);

}  // namespace hbp
