// How good an order is: the padding and the spread of lengths in groups of `lanes` rows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "row_lengths.h"

namespace hbp::regroup {

struct Quality {
    int64_t elements = 0;
    int64_t padded = 0;  // rows of a group x its longest row, summed over the groups
    int64_t groups = 0;
    int64_t spread = 0;  // longest - shortest row of a group, summed over the groups

    void add_group(const RowLengths& block, std::span<const uint16_t> rows) {
        uint32_t longest = 0;
        uint32_t shortest = UINT32_MAX;
        for (uint16_t row : rows) {
            const uint32_t n = block.length[row];
            longest = std::max(longest, n);
            shortest = std::min(shortest, n);
            elements += n;
        }
        padded += longest * static_cast<int64_t>(rows.size());
        spread += longest - shortest;
        ++groups;
    }

    // Groups of `lanes` rows, the last one of the rest.
    void add(const RowLengths& block, std::span<const uint16_t> order, uint32_t lanes) {
        for (size_t i = 0; i < order.size(); i += lanes) {
            add_group(block, order.subspan(i, std::min<size_t>(lanes, order.size() - i)));
        }
    }

    // The method's own groups: cuts has the first place of each.
    void add(const RowLengths& block, std::span<const uint16_t> order,
             const std::vector<uint32_t>& cuts) {
        for (size_t g = 0; g < cuts.size(); ++g) {
            const size_t end = g + 1 < cuts.size() ? cuts[g + 1] : order.size();
            add_group(block, order.subspan(cuts[g], end - cuts[g]));
        }
    }
};

}  // namespace hbp::regroup
