// Our order: SlotOrder's own placement by the nonlinear hash, on lengths alone.
#pragma once
#include "method.h"
#include "slot_order.h"

namespace hbp {

// Without columns no rows can be seen to have equal ones, so there are no tiles: each row is a
// slot. What follows in SlotOrder::arrange is the code that builds a plan.
template <>
inline void SlotOrder::find_tiles(const regroup::RowSegment* segment, size_t n_segments) {
    any_tile_ = false;
    found_.resize(n_segments);
    for (size_t i = 0; i < n_segments; ++i) {
        found_[i] = {static_cast<uint16_t>(i), 1, static_cast<uint32_t>(segment[i].n)};
    }
}

namespace regroup {

class HashOrder : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t lanes) override {
        segment_ = block.segment;
        order_.arrange(block.segment, block.n, lanes);
    }

    std::vector<uint16_t> order() const override {
        std::vector<uint16_t> rows;
        for (const Slot& slot : order_.slots()) {
            rows.push_back(segment_[slot.first].row);
        }
        return rows;
    }

  private:
    const RowSegment* segment_ = nullptr;  // of the last block
    SlotOrder order_;
};

}  // namespace regroup
}  // namespace hbp
