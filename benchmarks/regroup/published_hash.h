// The published variant of the nonlinear hash: an open table with one slot per row of the block.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "method.h"

namespace hbp::regroup {

// A row of n entries wants slot (n >> quantise) << stretch. Beyond the table it takes the highest
// free slot, else the first free one of a, a + 1, a - 1, a + 2, ... Empty rows take slots too.
class PublishedHash : public Method {
  public:
    static constexpr uint32_t quantise = 4;
    static constexpr uint32_t stretch = 8;

    void arrange(const RowLengths& block, uint32_t) override {
        const auto size = static_cast<int64_t>(block.n_all);
        length_ = block.length;
        table_.assign(block.n_all, free);
        int64_t highest = size - 1;
        for (int64_t row = 0; row < size; ++row) {
            const uint32_t n = block.length[row];
            const int64_t wanted = static_cast<int64_t>(n >> quantise) << stretch;
            if (wanted < size) {
                table_[static_cast<size_t>(probe(wanted, size))] = static_cast<int32_t>(row);
                continue;
            }
            while (table_[static_cast<size_t>(highest)] != free) {
                --highest;
                ++probes_;
            }
            ++probes_;
            table_[static_cast<size_t>(highest)] = static_cast<int32_t>(row);
        }
    }

    std::vector<uint16_t> order() const override {
        std::vector<uint16_t> rows;
        for (int32_t row : table_) {
            if (length_[row] > 0) {
                rows.push_back(static_cast<uint16_t>(row));
            }
        }
        return rows;
    }

    int64_t probes() const override { return probes_; }

  private:
    static constexpr int32_t free = -1;

    // The table has a slot for every row, so one is found.
    int64_t probe(int64_t wanted, int64_t size) {
        for (int64_t distance = 0;; ++distance) {
            const int64_t above = wanted + distance;
            if (above < size) {
                ++probes_;
                if (table_[static_cast<size_t>(above)] == free) {
                    return above;
                }
            }
            const int64_t below = wanted - distance;
            if (below >= 0 && distance > 0) {
                ++probes_;
                if (table_[static_cast<size_t>(below)] == free) {
                    return below;
                }
            }
        }
    }

    std::vector<int32_t> table_;        // slot -> row
    const uint32_t* length_ = nullptr;  // of the last block
    int64_t probes_ = 0;
};

}  // namespace hbp::regroup
