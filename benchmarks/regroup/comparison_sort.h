// The standard library's comparison sorts by length. Keys lie beside the rows: no indirection.
#pragma once
#include <algorithm>

#include "method.h"

namespace hbp::regroup {

inline constexpr auto shorter = [](const Keyed& a, const Keyed& b) { return a.length < b.length; };

class Sort : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t) override {
        rows_.gather(block);
        std::sort(rows_.begin(), rows_.end(), shorter);
    }
    std::vector<uint16_t> order() const override { return rows_.order(); }

  private:
    KeyedRows rows_;
};

class StableSort : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t) override {
        rows_.gather(block);
        std::stable_sort(rows_.begin(), rows_.end(), shorter);
    }
    std::vector<uint16_t> order() const override { return rows_.order(); }

  private:
    KeyedRows rows_;
};

}  // namespace hbp::regroup
