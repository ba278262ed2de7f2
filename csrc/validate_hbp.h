// The check that an HBP matrix from elsewhere is one.
#pragma once
#include <stdexcept>

#include "hbp_matrix.h"

namespace hbp {

struct InvalidHbp : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// Throws InvalidHbp, with the place and both numbers, unless every invariant of hbp_view.h holds
// and every offset, row, column and length is in range: products, to_csr and update_values are
// then safe whatever the values are. That elements keep the order they had in CSR cannot be seen
// without the CSR matrix. Nothing of `m` is trusted. O(nnz + rows).
template <class T>
void validate(const HbpMatrix<T>& m);

}  // namespace hbp
