#include "cost_model.h"

#include <algorithm>
#include <cmath>

#include "partition.h"
#include "tuning.h"

namespace hbp {
namespace {

constexpr double line_bytes = 64;

double threads_used(const MatrixSample& s, double work, int n_threads) {
    const double worth = std::floor(work / tuning::min_nnz_per_thread);
    return s.nnz == 0 ? 1 : std::clamp(worth, 1.0, static_cast<double>(std::max(n_threads, 1)));
}

double both(double a, double b) { return std::cbrt(a * a * a + b * b * b); }

// Share of the reads of x that a cache of some bytes cannot serve, where they go to x_bytes of x at
// a time and the whole matrix to `parts` times as much.
double miss_share(const MatrixSample& s, double cache, double x_bytes, double parts) {
    if (x_bytes <= cache) {
        return 0;
    }
    return std::min(s.fresh, s.growth_rate(cache / line_bytes * parts));
}

// Nanoseconds of reading one x. `l1` is the entry itself, with x in L1.
double read_of_x(const MatrixSample& s, double l1, double block_cols, const Machine& m) {
    const double n_cols = static_cast<double>(s.n_cols);
    const double width = std::min(block_cols, n_cols);
    const double x_bytes = width * static_cast<double>(s.itemsize);
    const double parts = std::ceil(n_cols / width);
    const double miss1 = miss_share(s, m.x_share * m.l1_bytes, x_bytes, parts);
    const double miss2 = std::min(miss1, miss_share(s, m.x_share * m.l2_bytes, x_bytes, parts));
    const double miss3 = std::min(miss2, miss_share(s, m.x_share * m.l3_bytes, x_bytes, parts));
    return l1 + miss1 * (m.l2_read - m.l1_read) + miss2 * (m.l3_read - m.l2_read) +
           miss3 * (m.memory_read - m.l3_read);
}

// Bytes per nanosecond of one of `threads` that stream `bytes` over and over. A cache that is
// somewhat too small still serves a part.
double stream_rate(double bytes, double threads, const Machine& m) {
    const auto beyond = [&](double cache) {  // 0: it holds all, 1: it serves nothing
        return std::clamp(std::log2(bytes / (m.full * cache)) / 1.5, 0.0, 1.0);
    };
    const double not_l2 = beyond(m.l2_bytes * threads);
    const double not_l3 = std::min(not_l2, beyond(std::max(m.l3_bytes, m.l2_bytes * threads)));
    // Times add up, not rates.
    return 1 / ((1 - not_l2) / m.l2_rate + (not_l2 - not_l3) / m.l3_rate + not_l3 / m.memory_rate);
}

double seconds_of(const MatrixSample& s, double work, double bytes, double threads, double slowness,
                  const Machine& m) {
    const double xy = (static_cast<double>(s.n_rows) + static_cast<double>(s.n_cols)) *
                      static_cast<double>(s.itemsize);
    const double total = bytes + xy;
    const double memory = slowness * total / (threads * stream_rate(total, threads, m));
    return 1e-9 * (m.call + (threads > 1 ? m.threads : 0) + both(work / threads, memory));
}

double bytes_per_value(const MatrixSample& s) {
    return s.distinct_values == 1            ? 0
           : s.distinct_values <= few_values ? 1
                                             : static_cast<double>(s.itemsize);
}

}  // namespace

double hbp_seconds(const MatrixSample& s, const Geometry& g, int n_threads, const Machine& m) {
    const double nnz = static_cast<double>(s.nnz);
    const double n_rows = static_cast<double>(s.n_rows);
    const double threads = threads_used(s, nnz, n_threads);

    const double slots = s.slots_of(g.block_cols);
    const double col_blocks = std::ceil(static_cast<double>(s.n_cols) / g.block_cols);
    const double row_blocks =
        std::max(static_cast<double>(n_equal_row_blocks(s.nnz, n_threads)), n_rows / g.block_rows);
    const double blocks = std::min(row_blocks * col_blocks, slots);
    const double long_entries = nnz * s.long_share_of(g.block_cols);
    const double long_slots = long_entries / (2.0 * tuning::long_row);
    const double short_slots = std::max(slots - long_slots, 0.0);
    // Of each class some slots are left over: half a group on average.
    const double per_block = blocks > 0 ? short_slots / blocks : 0;
    const double classes = std::min(s.length_classes, per_block);
    const double ragged = blocks * std::min(per_block, classes * (g.lanes - 1) / 2.0);
    const double runs = blocks * classes;

    const double columns = nnz * (1 - s.repeated) * (1 - s.shifted);
    double work = columns * read_of_x(s, m.l1_read, g.block_cols, m) +
                  (nnz - columns) * m.cheap_entry + slots * m.slot + long_slots * m.long_slot +
                  ragged * m.ragged_slot + runs * m.run;
    if (s.is_complex) {
        work *= m.complex_factor;
    }
    const bool is_chosen = g.lanes == default_lanes(s.itemsize) || g.lanes == tile_lanes;
    const bool is_few = s.distinct_values > 1 && s.distinct_values <= few_values;
    if (!is_chosen && (s.is_complex || is_few)) {
        work *= m.rare_factor;
    }
    work += blocks * m.block + n_rows * m.row;

    const double bytes = nnz * bytes_per_value(s) + (is_wide(g.block_cols) ? 4 : 2) * columns +
                         2 * slots + static_cast<double>(sizeof(Run)) * runs +
                         static_cast<double>(sizeof(Block<double>)) * blocks;
    return seconds_of(s, work, bytes, threads, 1, m);
}

double csr_seconds(const MatrixSample& s, int n_threads, const Machine& m) {
    const double nnz = static_cast<double>(s.nnz);
    const double n_rows = static_cast<double>(s.n_rows);
    const double threads = threads_used(s, nnz + n_rows, n_threads);

    const double n_cols = static_cast<double>(std::max<int64_t>(s.n_cols, 1));
    const double long_entries = nnz * s.long_share.back();
    const double short_entries = nnz - long_entries;
    const double lone = short_entries * s.lone_entries;
    const double away = read_of_x(s, 0, n_cols, m) * nnz;
    double work =
        (short_entries - lone) * m.csr_entry + lone * m.csr_lone + long_entries * m.csr_long + away;
    if (s.is_complex) {
        work *= m.complex_factor;
    }
    work += n_rows * (m.csr_row + s.uneven_rows * m.csr_uneven);
    const double bytes = nnz * static_cast<double>(s.itemsize + s.index_bytes) +
                         n_rows * static_cast<double>(s.index_bytes);
    // Long rows are streams that the hardware prefetches; four short ones side by side are not.
    const double slowness = 1 + (1 - s.long_share.back()) * (1 / m.csr_rate - 1);
    return seconds_of(s, work, bytes, threads, slowness, m);
}

}  // namespace hbp
