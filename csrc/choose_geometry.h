// The cost model: which geometry suits a matrix, and whether HBP suits it at all.
#pragma once
#include <cstdint>
#include <string>

#include "hbp_matrix.h"

namespace hbp {

Geometry choose_geometry(int64_t n_rows, int64_t n_cols, int64_t nnz, int itemsize);

// Empty when HBP is the better choice, else the reason, an English clause.
std::string prefer_csr(int64_t n_rows, int64_t n_cols, int64_t nnz);

}  // namespace hbp
