// CSR to HBP.
#pragma once
#include <functional>
#include <stdexcept>

#include "csr_view.h"
#include "encodings.h"
#include "hbp_matrix.h"

namespace hbp {

// The CSR arrays are not a matrix: out of range, not monotone, or changed meanwhile.
struct InvalidCsr : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

struct Interrupted : std::exception {};

// Throws InvalidCsr unless indptr runs from 0 to nnz without falling.
template <class I>
void check_indptr(const I* indptr, int64_t n_rows, int64_t nnz);

// Throws InvalidCsr unless all indices are within the columns.
template <class I>
void check_indices(const I* indices, int64_t nnz, int64_t n_cols);

// nnz is the length of indices and data. Reads every entry once, so that arrays that another
// thread changes meanwhile give an error or some matrix, never an access out of bounds. Polls
// `interrupted` in the calling thread, from time to time, and throws Interrupted when it is true.
// O(nnz + rows) time; allocates the result and O(largest row block) per thread.
template <class I, class T>
HbpMatrix<T> build(const CsrView<I, T>& csr, int64_t nnz, const Geometry& geometry, int n_threads,
                   const std::function<bool()>& interrupted, const Encodings& use = {});

}  // namespace hbp
