// A borrowed CSR matrix: the three arrays of the caller, not copied and not checked here.
#pragma once
#include <cstdint>

namespace hbp {

template <class I, class T>
struct CsrView {
    int64_t n_rows;
    int64_t n_cols;
    const I* indptr;   // [n_rows + 1]
    const I* indices;  // [nnz]
    const T* data;     // [nnz]

    int64_t nnz() const { return n_rows > 0 ? static_cast<int64_t>(indptr[n_rows]) : 0; }
};

}  // namespace hbp
