// Products of an HBP matrix with vectors: who computes which row block, and how parts combine.
#pragma once
#include <cstdint>

#include "hbp_matrix.h"

namespace hbp {

// Y[n_rows, k] = alpha * A * X[n_cols, k] + beta * Y, row-major, k = n_vectors >= 1. Y is not read
// when beta is 0. X and Y must not overlap. The bits of Y depend on the matrix and block_cols
// only: not on threads, instruction set, lanes or encoding. May throw std::bad_alloc, and then
// has not touched Y.
template <class T>
void multiply(const HbpMatrix<T>& m, const T* X, T* Y, int64_t n_vectors, T alpha, T beta,
              int n_threads);

}  // namespace hbp
