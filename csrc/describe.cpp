#include "describe.h"

#include <algorithm>
#include <vector>

#include "element_walk.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {
namespace {

// Adds up (longest - shortest) over groups of `lanes` consecutive lengths.
struct Spread {
    double total = 0;
    int64_t groups = 0;

    void add_groups(const std::vector<uint32_t>& length, size_t lanes) {
        for (size_t s = 0; s < length.size(); s += lanes) {
            const auto end = length.begin() + static_cast<std::ptrdiff_t>(
                                                  std::min(s + lanes, length.size()));
            const auto [low, high] =
                std::minmax_element(length.begin() + static_cast<std::ptrdiff_t>(s), end);
            total += *high - *low;
            ++groups;
        }
    }
    double mean() const { return groups > 0 ? total / static_cast<double>(groups) : 0; }
};

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
    d.nbytes = v.nnz * 2;
    Spread before, after;
    std::vector<uint32_t> by_slot;
    std::vector<std::pair<uint16_t, uint32_t>> by_row;
    for (int64_t bi = 0; bi < v.n_blocks; ++bi) {
        const Block<T>& b = v.block[bi];
        d.slots += b.n_slots;
        ++d.blocks_of[static_cast<size_t>(b.encoding)];
        if (b.encoding == Encoding::raw) {
            d.nbytes += b.n_elements * static_cast<int64_t>(sizeof(T));
        }
        const uint32_t* slot_length = v.slot_length + b.first_length;
        for (uint32_t r = 0; r < b.n_runs; ++r) {
            const Run& run = v.run[b.first_run + r];
            switch (static_cast<RunKind>(run.kind)) {
                case RunKind::full:
                    d.groups += run.n;
                    break;
                case RunKind::ragged:
                    ++d.groups;
                    for (uint32_t i = 0; i < run.n; ++i) {
                        d.tail_elements += slot_length[i];
                    }
                    slot_length += run.n;
                    break;
                case RunKind::along:
                    d.long_rows += run.n;
                    slot_length += run.n;
                    break;
            }
        }
        by_slot.assign(b.n_slots, 0);
        for_each_slot_piece(v, b, [&](uint32_t s, int64_t, uint32_t, uint32_t n) {
            by_slot[s] += n;
        });
        by_row.clear();
        for (uint32_t s = 0; s < b.n_slots; ++s) {
            by_row.emplace_back(v.slot_row[b.first_slot + s], by_slot[s]);
        }
        // Long rows are multiplied one by one: they are in no group.
        std::erase_if(by_slot, [](uint32_t n) { return n >= tuning::long_row; });
        after.add_groups(by_slot, static_cast<size_t>(v.lanes));
        std::sort(by_row.begin(), by_row.end());
        by_slot.clear();
        for (const auto& [row, n] : by_row) {
            by_slot.push_back(n);
        }
        before.add_groups(by_slot, static_cast<size_t>(v.lanes));
    }
    d.nbytes += v.n_blocks * static_cast<int64_t>(sizeof(Block<T>)) +
                static_cast<int64_t>(m.run.size() * sizeof(Run) + m.slot_row.size() * 2 +
                                     m.slot_length.size() * 4) +
                (v.n_row_blocks + 1) * 24;
    d.length_spread_before = before.mean();
    d.length_spread_after = after.mean();
    return d;
}

template Description describe(const HbpMatrix<float>&);
template Description describe(const HbpMatrix<double>&);
template Description describe(const HbpMatrix<Complex<float>>&);
template Description describe(const HbpMatrix<Complex<double>>&);

}  // namespace hbp
