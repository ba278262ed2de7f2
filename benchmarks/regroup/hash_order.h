// Our order: SlotOrder's own placement by the nonlinear hash, on lengths alone.
#pragma once
#include "method.h"
#include "slot_order.h"

namespace hbp::regroup {

class HashOrder : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t lanes) override {
        segment_ = block.segment;
        order_.arrange(block.segment, block.n, static_cast<const uint16_t*>(nullptr), lanes);
    }

    std::vector<uint16_t> order() const override {
        std::vector<uint16_t> rows;
        for (const Slot& slot : order_.slots()) {
            rows.push_back(segment_[slot.first].row);
        }
        return rows;
    }

  private:
    const RowSegment* segment_ = nullptr;         // of the last block
    SlotOrder order_{Encodings{.tiles = false}};  // there are no columns to be compared
};

}  // namespace hbp::regroup
