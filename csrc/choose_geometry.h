// The cost model: which geometry suits a matrix, and whether HBP suits it at all.
#pragma once
#include <cstdint>
#include <string>

#include "hbp_matrix.h"

namespace hbp {

// Column blocks as wide as 16-bit indices allow, so that rows are cut least: half of a 1 MB L2
// holds their segment of x in doubles. Row blocks as long as their entries allow (partition.h).
// As many lanes as a 64-byte vector of real numbers has.
Geometry choose_geometry(int64_t n_rows, int64_t n_cols, int itemsize);

// Empty when HBP is the better choice, else the reason, an English clause.
std::string prefer_csr(int64_t nnz);

}  // namespace hbp
