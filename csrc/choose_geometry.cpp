#include "choose_geometry.h"

#include <algorithm>

#include "tuning.h"

namespace hbp {

Geometry choose_geometry(int64_t n_rows, int64_t n_cols, int itemsize) {
    Geometry g;
    g.block_cols = static_cast<int32_t>(std::clamp<int64_t>(n_cols, 1, tuning::max_block_side));
    g.block_rows = static_cast<int32_t>(std::clamp<int64_t>(n_rows, 1, tuning::default_block_rows));
    g.lanes = default_lanes(itemsize);
    return g;
}

Layout choose_layout(MatrixSample s, bool prefer_eight) {
    s.distinct_values = few_values + 1;
    Layout best;
    best.geometry = choose_geometry(s.n_rows, s.n_cols, static_cast<int>(s.itemsize));
    best.hbp_seconds = hbp_seconds(s, best.geometry, 1);
    best.csr_seconds = csr_seconds(s, 1);
    if (s.nnz < tuning::min_nnz_for_hbp) {
        best.prefer_csr = "it has " + std::to_string(s.nnz) + " nonzeros, fewer than the " +
                          std::to_string(tuning::min_nnz_for_hbp) + " that repay a conversion";
        return best;
    }
    const double plain = best.hbp_seconds;
    for (const int64_t width : sampled_widths) {
        Geometry g = best.geometry;
        g.block_cols = static_cast<int32_t>(std::min(width, std::max<int64_t>(s.n_cols, 1)));
        const double seconds = hbp_seconds(s, g, 1);
        if (seconds < std::min(best.hbp_seconds, (1 - tuning::least_gain) * plain)) {
            best.geometry = g;
            best.hbp_seconds = seconds;
        }
    }
    // Rows cut into pieces of a few entries cost more than columns of 32 bits. The model, made in
    // blocks of 16-bit columns, does not see it: the time stays its estimate for those.
    const double nnz = static_cast<double>(s.nnz);
    const double slots = s.slots_of(max_narrow_block_cols);
    const bool in_pieces = nnz < tuning::few_slot_entries * slots ||
                           (slots - s.filled_rows > tuning::cut_slots * nnz &&
                            nnz < tuning::short_row_entries * s.filled_rows);
    if (in_pieces && is_wide(s.n_cols) && s.n_cols <= INT32_MAX) {
        best.geometry.block_cols = static_cast<int32_t>(s.n_cols);
    } else if (s.repeated >= tuning::tile_share ||
               (prefer_eight && nnz >= tuning::eight_lanes_entries * s.filled_rows &&
                s.shifted < tuning::eight_lanes_shifted)) {
        best.geometry.lanes = tile_lanes;
    }
    if (best.csr_seconds < (1 - tuning::least_gain) * best.hbp_seconds) {
        best.prefer_csr = "the cost model expects CSR to be faster";
    }
    return best;
}

}  // namespace hbp
