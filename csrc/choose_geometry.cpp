#include "choose_geometry.h"

#include <algorithm>

#include "tuning.h"

namespace hbp {

Geometry choose_geometry(int64_t n_rows, int64_t n_cols, int itemsize) {
    Geometry g;
    g.block_cols = static_cast<int32_t>(std::clamp<int64_t>(n_cols, 1, tuning::max_block_side));
    g.block_rows = static_cast<int32_t>(std::clamp<int64_t>(n_rows, 1, tuning::default_block_rows));
    g.lanes = itemsize == 4 ? 16 : 8;
    return g;
}

std::string prefer_csr(int64_t nnz) {
    if (nnz < tuning::min_nnz_for_hbp) {
        return "it has " + std::to_string(nnz) + " nonzeros, fewer than the " +
               std::to_string(tuning::min_nnz_for_hbp) + " that repay a conversion";
    }
    return "";
}

}  // namespace hbp
