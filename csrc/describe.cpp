#include "describe.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "element_walk.h"
#include "scalar.h"

namespace hbp {
namespace {

// Adds up (longest - shortest) over groups of `lanes` consecutive lengths.
struct Spread {
    double total = 0;
    int64_t groups = 0;

    void add_groups(const std::vector<int64_t>& length, size_t lanes) {
        for (size_t s = 0; s < length.size(); s += lanes) {
            const auto end =
                length.begin() + static_cast<std::ptrdiff_t>(std::min(s + lanes, length.size()));
            const auto [low, high] =
                std::minmax_element(length.begin() + static_cast<std::ptrdiff_t>(s), end);
            total += static_cast<double>(*high - *low);
            ++groups;
        }
    }
    double mean() const { return groups > 0 ? total / static_cast<double>(groups) : 0; }
};

template <class... Arrays>
int64_t nbytes_of(const Arrays&... array) {
    return static_cast<int64_t>((... + (array.size() * sizeof(*array.data()))));
}

template <class T>
int64_t held_nbytes(const HbpMatrix<T>& m) {
    int64_t sum = nbytes_of(m.row_block_ptr, m.block_ptr, m.block, m.run, m.slot_row, m.slot_length,
                            m.column, m.value, m.table, m.power, m.scrambled, m.cost_ptr,
                            m.parts.part, m.parts.run, m.parts.ptr);
    for (const ScrambledRow& s : m.scrambled) {
        sum += nbytes_of(s.order);
    }
    return sum;
}

int64_t count_bits(const uint32_t* begin, const uint32_t* end) {
    return std::accumulate(begin, end, int64_t{0},
                           [](int64_t n, uint32_t word) { return n + std::popcount(word); });
}

}  // namespace

template <class T>
Description describe(const HbpMatrix<T>& m) {
    const HbpView<T> v = m.view();
    Description d{};
    d.n_row_blocks = v.n_row_blocks;
    d.n_col_blocks = m.n_col_blocks;
    d.blocks = v.n_blocks;
    d.csr_nbytes = (v.n_rows + 1 + v.nnz) * (m.index_is_64_bit ? 8 : 4) +
                   v.nnz * static_cast<int64_t>(sizeof(T));
    d.nbytes = held_nbytes(m);
    d.x_loads = m.n_columns();
    const int places =
        is_wide(v.block_cols) ? window_places<uint32_t>(v.lanes) : window_places<uint16_t>(v.lanes);
    // Passes of `stored` places of the column stream and n windows.
    const auto add_windowed = [](Description& to, int64_t elements, int stored, int n) {
        to.windowed_elements += elements;
        to.x_loads -= elements / window_width<T> * (stored - n);
    };
    Spread before, after;
    std::vector<int64_t> in_order;
    std::vector<std::pair<uint32_t, int64_t>> by_row;
    for (int64_t bi = 0; bi < v.n_blocks; ++bi) {
        const Block<T>& b = v.block[bi];
        d.slots += b.n_slots;
        ++d.blocks_of[static_cast<size_t>(b.encoding)];
        const uint32_t* slot_length = v.slot_length + b.first_length;
        for (uint32_t r = 0; r < b.n_runs; ++r) {
            const Run& run = v.run[b.first_run + r];
            switch (static_cast<RunKind>(run.kind)) {
                case RunKind::full:
                    d.groups += run.n;
                    d.tiled_elements +=
                        run.height == 1 ? 0 : int64_t{run.n} * v.lanes * run.height * run.length;
                    break;
                case RunKind::shifted:
                    d.groups += run.n;
                    d.shifted_elements += int64_t{run.n} * v.lanes * run.length;
                    break;
                case RunKind::along_windowed:
                    d.long_rows += run.n;
                    for (uint32_t i = 0; i < run.n; ++i) {
                        const uint32_t* bits = slot_length + 1;
                        slot_length = bits + WindowChunks::words(*slot_length);
                        add_windowed(d, count_bits(bits, slot_length) * WindowChunks::chunk,
                                     window_width<T>, n_along_windows<T>);
                    }
                    break;
                case RunKind::windowed:
                    d.groups += run.n;
                    add_windowed(d, int64_t{run.n} * v.lanes * run.length, places, n_windows);
                    break;
                case RunKind::ragged:
                    ++d.groups;
                    for (uint32_t i = 0; i < run.n; ++i) {
                        d.tail_elements += slot_length[i];
                    }
                    slot_length += run.n;
                    break;
                case RunKind::along:
                    d.long_rows += int64_t{run.n} * run.height;
                    for (uint32_t i = 0; i < run.n && run.height > 1; ++i) {
                        d.tiled_elements += int64_t{run.height} * slot_length[i];
                    }
                    slot_length += run.n;
                    break;
            }
        }
        // In stored order the rows of a group of tiles have one length, whatever their order.
        in_order.clear();
        by_row.clear();
        for_each_block_row(
            v, b, [&](uint32_t r, const RowPiece& common, const RowPiece& tail, bool is_long) {
                const int64_t n = common.n + tail.n;
                by_row.emplace_back(r, n);
                if (!is_long) {  // long rows are multiplied one by one: they are in no group
                    in_order.push_back(n);
                }
            });
        after.add_groups(in_order, static_cast<size_t>(v.lanes));
        std::sort(by_row.begin(), by_row.end());
        in_order.clear();
        for (const auto& [row, n] : by_row) {
            in_order.push_back(n);
        }
        before.add_groups(in_order, static_cast<size_t>(v.lanes));
    }
    d.length_spread_before = before.mean();
    d.length_spread_after = after.mean();
    return d;
}

template Description describe(const HbpMatrix<float>&);
template Description describe(const HbpMatrix<double>&);
template Description describe(const HbpMatrix<Complex<float>>&);
template Description describe(const HbpMatrix<Complex<double>>&);

}  // namespace hbp
