// HBP back to CSR, bit for bit, and new values for an existing structure.
#pragma once
#include "encodings.h"
#include "hbp_matrix.h"

namespace hbp {

// indptr[n_rows + 1], indices[nnz], data[nnz] as they were before build. O(nnz), parallel.
template <class I, class T>
void to_csr(const HbpMatrix<T>& m, I* indptr, I* indices, T* data, int n_threads);

// Replaces the values; `data` [nnz] in CSR order. O(nnz), parallel. Every block is encoded
// anew; memory that fewer values would leave free is kept.
template <class T>
void update_values(HbpMatrix<T>& m, const T* data, int n_threads, const Encodings& use = {});

}  // namespace hbp
