// The choice of a layout: which geometry suits a matrix, and whether HBP suits it at all.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cost_model.h"
#include "hbp_matrix.h"

namespace hbp {

// The geometry that needs no reason. Column blocks as wide as 16-bit indices allow, so that rows
// are cut least: half of a 1 MB L2 holds their segment of x in doubles. Row blocks as long as their
// entries allow (partition.h). As many lanes as a 64-byte vector of real numbers has.
Geometry choose_geometry(int64_t n_rows, int64_t n_cols, int itemsize);

struct Layout {
    Geometry geometry;
    double hbp_seconds, csr_seconds;  // of one product, by the cost model
    std::string prefer_csr;           // empty when HBP is the better choice, else the reason
};

// The layout for a matrix: choose_geometry's, unless the cost model finds column blocks that gain
// more than tuning::least_gain, or that CSR does, or column blocks would cut rows into pieces, or
// most entries are in tiles. It weighs one thread of the machine that the model was made on, not of
// this one: column blocks and CSR decide the order of the additions, and the bits of a product must
// depend neither on the machine nor on the number of threads. For the same reason it takes all
// values to be distinct: new values in an old plan and in a new one give the same bits. Lanes do
// not: with `prefer_eight` groups have eight unless rows are short. O(1).
Layout choose_layout(MatrixSample s, bool prefer_eight);

}  // namespace hbp
